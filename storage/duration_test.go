package storage

import "testing"

func TestNormalizeDuration(t *testing.T) {
	for _, c := range []struct{ name, body, stored, want string }{
		{"minutes", `{"date":1680000000000,"duration":45}`, ``,
			`{"date":1680000000000,"duration":45,"endmills":1680002700000,"durationInMilliseconds":2700000}`},
		{"milliseconds, rounded up", `{"date":1680000000000,"durationInMilliseconds":90000}`, ``,
			`{"date":1680000000000,"durationInMilliseconds":90000,"endmills":1680000090000,"duration":2}`},
		{"milliseconds count before minutes", `{"date":1680000000000,"duration":45,"durationInMilliseconds":60000}`, ``,
			`{"date":1680000000000,"duration":1,"durationInMilliseconds":60000,"endmills":1680000060000}`},
		{"no milliseconds", `{"date":1680000000000,"duration":1,"durationInMilliseconds":0}`, ``,
			`{"date":1680000000000,"duration":1,"durationInMilliseconds":60000,"endmills":1680000060000}`},
		{"end", `{"date":1680000000000,"endmills":1680000600000,"duration":3}`, ``,
			`{"date":1680000000000,"endmills":1680000600000,"duration":10,"durationInMilliseconds":600000}`},
		{"end null", `{"date":1680000000000,"endmills":null,"duration":1}`, ``,
			`{"date":1680000000000,"endmills":1680000060000,"duration":1,"durationInMilliseconds":60000}`},
		{"end before start", `{"date":1680000000000,"endmills":1670000000000,"duration":3}`, ``,
			`{"date":1680000000000,"endmills":1670000000000,"duration":3}`},
		{"end is no number", `{"date":1680000000000,"endmills":"soon","duration":3}`, ``,
			`{"date":1680000000000,"endmills":"soon","duration":3}`},
		{"text", `{"date":1680000000000,"duration":"15"}`, ``,
			`{"date":1680000000000,"duration":15,"endmills":1680000900000,"durationInMilliseconds":900000}`},
		{"zero", `{"date":1680000000000,"duration":0}`, ``,
			`{"date":1680000000000,"duration":0,"endmills":1680000000000,"durationInMilliseconds":0}`},
		{"nothing", `{"date":1680000000000}`, ``, `{"date":1680000000000}`},
		{"blank", `{"date":1680000000000,"duration":" "}`, ``, `{"date":1680000000000,"duration":" "}`},
		{"huge", `{"date":1680000000000,"duration":1e300}`, ``, `{"date":1680000000000,"duration":1e300}`},
		{"mills count before date", `{"mills":1690000000000,"date":1680000000000,"duration":1}`, ``,
			`{"mills":1690000000000,"date":1680000000000,"duration":1,"endmills":1690000060000,"durationInMilliseconds":60000}`},
		{"no start", `{"duration":1}`, ``, `{"duration":1}`},
		{"patch", `{"duration":2}`, `{"created_at":"2023-03-28T10:40:00.000Z","duration":1,"durationInMilliseconds":60000}`,
			`{"duration":2,"endmills":1680000120000,"durationInMilliseconds":120000}`},
		{"patch of other fields", `{"notes":"x"}`, `{"date":1680000000000,"duration":1}`,
			`{"notes":"x","endmills":1680000060000,"durationInMilliseconds":60000,"duration":1}`},
		{"patch of nothing that lasts", `{"notes":"x"}`, `{"date":1680000000000}`, `{"notes":"x"}`},
	} {
		body := Document(c.body).Edit()
		if normalizeDuration(body, Document(c.stored)); body.Document() != Document(c.want) {
			t.Errorf("%s: %s, want %s", c.name, body.Document(), c.want)
		}
	}
}
