package wire

import (
	"errors"
	"fmt"
	"math"
)

// The kinds of values, as SQLite has them.
const (
	kindNull = iota
	kindInt
	kindFloat
	kindText
	kindBlob
)

// AppendValue appends nil, an int64, a float64, a string or a []byte.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, kindNull)
	case int64:
		return appendUint(append(b, kindInt), uint64(v)<<1^uint64(v>>63)) // small ones are short, below zero, too
	case float64:
		b = append(b, kindFloat)
		for bits, shift := math.Float64bits(v), 56; shift >= 0; shift -= 8 {
			b = append(b, byte(bits>>shift))
		}
		return b
	case string:
		return appendString(append(b, kindText), v)
	case []byte:
		return append(appendUint(append(b, kindBlob), uint64(len(v))), v...)
	}
	panic(fmt.Sprintf("wire: a value of type %T; who calls converts it", v))
}

func appendUint(b []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

func appendString(b []byte, s string) []byte { return append(appendUint(b, uint64(len(s))), s...) }

var errShort = errors.New("a message that ends too early")

// A decoder takes a message apart. After the first error it yields zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) byte() byte {
	b := d.bytes(1)
	if d.err != nil {
		return 0
	}
	return b[0]
}

func (d *decoder) bytes(n uint64) []byte {
	if d.err != nil || uint64(len(d.rest)) < n {
		d.err, d.rest = errShort, nil
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.err = errShort
	return 0
}

func (d *decoder) string() string { return string(d.bytes(d.uint())) }

func (d *decoder) value() any {
	switch kind := d.byte(); kind {
	case kindNull:
		return nil
	case kindInt:
		u := d.uint()
		return int64(u>>1) ^ -int64(u&1)
	case kindFloat:
		var bits uint64
		for _, b := range d.bytes(8) {
			bits = bits<<8 | uint64(b)
		}
		return math.Float64frombits(bits)
	case kindText:
		return d.string()
	case kindBlob:
		return append([]byte{}, d.bytes(d.uint())...)
	default:
		d.err = fmt.Errorf("a value of kind %d, which is none", kind)
		return nil
	}
}
