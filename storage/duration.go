package storage

import "math"

const minute = 60_000 // ms

// normalizeDuration makes the three fields by which clients tell how long something lasts agree: endmills (a time in ms),
// durationInMilliseconds and duration (minutes). What the body says counts first; stored is the document that a patch
// applies to, empty for a replacement (spec nightscout-v3 §2, duration normalization).
func normalizeDuration(body *Draft, stored Document) {
	start, ok := startOf(body, stored)
	if !ok {
		return
	}
	end, ok := numberOf(body.Get("endmills"))
	if body.Get("endmills").Type() <= Null {
		var length float64
		if length, ok = lengthOf(body.Get); !ok {
			length, ok = lengthOf(stored.Get)
		}
		end = math.Round(start + length)
	}
	if !ok || math.Abs(end) > maxDate {
		return
	}
	if body.Get("endmills").Type() <= Null {
		body.Set("endmills", IntValue(int64(end)))
	}
	if end >= start {
		body.Set("durationInMilliseconds", IntValue(int64(end-start)))
		body.Set("duration", IntValue(int64(math.Floor((end-start)/minute+0.5))))
	}
}

// startOf is when it began.
func startOf(body *Draft, stored Document) (float64, bool) {
	for _, v := range [...]Value{body.Get("mills"), stored.Get("mills"), body.Get("created_at"), body.Get("date"),
		stored.Get("created_at"), stored.Get("date")} {
		if ms, ok := numberOf(v); ok && ms > 0 && ms <= maxDate {
			return math.Trunc(ms), true
		}
		if m, ok := parseText(v.Text()); ok {
			return float64(m.ms), true
		}
	}
	return 0, false
}

// lengthOf is how long the fields say that it lasted, in ms.
func lengthOf(get func(string) Value) (float64, bool) {
	if ms, ok := numberOf(get("durationInMilliseconds")); ok && ms > 0 {
		return ms, true
	}
	minutes, ok := numberOf(get("duration"))
	return minutes * minute, ok
}
