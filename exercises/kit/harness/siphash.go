package harness

import "math/bits"

// sipHash is SipHash-2-4 of Aumasson and Bernstein: a keyed hash for short texts that nobody can compute or predict
// without the key. Its 64 bits are plenty for a channel that is closed for good by the first line that is wrong.
func sipHash(key [16]byte, text []byte) uint64 {
	k0, k1 := toUint64(key[:8]), toUint64(key[8:])
	s := sipState{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	length := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		s.take(toUint64(text))
	}
	var last [8]byte
	copy(last[:], text)
	s.take(toUint64(last[:]) | length<<56)
	s.v2 ^= 0xff
	s.rounds(4)
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3
}

type sipState struct{ v0, v1, v2, v3 uint64 }

func (s *sipState) take(word uint64) {
	s.v3 ^= word
	s.rounds(2)
	s.v0 ^= word
}

func (s *sipState) rounds(n int) {
	for range n {
		s.v0 += s.v1
		s.v1 = bits.RotateLeft64(s.v1, 13) ^ s.v0
		s.v0 = bits.RotateLeft64(s.v0, 32)
		s.v2 += s.v3
		s.v3 = bits.RotateLeft64(s.v3, 16) ^ s.v2
		s.v0 += s.v3
		s.v3 = bits.RotateLeft64(s.v3, 21) ^ s.v0
		s.v2 += s.v1
		s.v1 = bits.RotateLeft64(s.v1, 17) ^ s.v2
		s.v2 = bits.RotateLeft64(s.v2, 32)
	}
}

// toUint64 and appendUint64 are package encoding/binary's, little-endian; it would bring more to link than all the rest of
// this package.
func toUint64(b []byte) (v uint64) {
	for i, x := range b[:8] {
		v |= uint64(x) << (8 * i)
	}
	return v
}

func appendUint64(b []byte, v uint64) []byte {
	for range 8 {
		b = append(b, byte(v))
		v >>= 8
	}
	return b
}
