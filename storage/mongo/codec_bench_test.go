package mongo

import (
	"testing"

	"nightwire/storage"
)

const typical = storage.Document(`{"type":"sgv","sgv":123,"date":1700000000000,"dateString":"2023-11-14T22:13:20.000Z","device":"xDrip-DexcomG6","direction":"Flat",` +
	`"filtered":123456.5,"unfiltered":123456.5,"noise":1,"rssi":100,"utcOffset":60,"sysTime":"2023-11-14T22:13:20.000Z","app":"xdrip","identifier":` +
	`"23b0a1e0-0d4b-5f8e-9d4f-0a1b2c3d4e5f","srvCreated":1700000001000,"srvModified":1700000001000,"subject":"phone"}`)

var typicalMark = mark{Rev: 1, Kind: "create", By: "phone", Group: "0123456789ab-1", Last: true, Time: 1700000001000}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode(typical, someID, true, typicalMark); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	raw, err := encode(typical, someID, true, typicalMark)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}
