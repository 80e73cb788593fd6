package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"
)

func TestRequest(t *testing.T) {
	want := Request{Op: Query, Conn: 1, Seq: 300, Stmt: 1 << 40, Limit: math.MaxUint64, SQL: "SELECT ?",
		Args: []any{nil, int64(-1), int64(math.MinInt64), 0.25, "x\x00y", []byte{}, []byte("\xff")}}
	var got Request
	if err := got.Parse(content(t, want.Append(nil))); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a request comes as %+v, error %v; want %+v", got, err, want)
	}
}

func TestResponse(t *testing.T) {
	want := Response{Conn: 7, Seq: 8, Code: 2067, Message: "no", LastID: -1, Affected: 3, Columns: []string{"a", ""}, Rows: 1}
	want.Values = AppendValue(AppendValue(nil, int64(64)), "text")
	var got Response
	if err := got.Parse(content(t, want.Append(nil))); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a response comes as %+v, error %v; want %+v", got, err, want)
	}
	a, err := got.Next()
	b, berr := got.Next()
	if a != int64(64) || b != "text" || errors.Join(err, berr) != nil {
		t.Errorf("its values are %v and %v, error %v; want 64 and text", a, b, errors.Join(err, berr))
	}
	if v, err := got.Next(); err == nil {
		t.Errorf("a value after the last: %v, no error", v)
	}
}

func TestFramesEnd(t *testing.T) {
	if _, err := ReadFrame(bytes.NewReader(nil)); err != io.EOF {
		t.Errorf("between two frames: error %v, want io.EOF", err)
	}
	whole := (&Request{SQL: "SELECT 1"}).Append(nil)
	if _, err := ReadFrame(bytes.NewReader(whole[:len(whole)-1])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("within a frame: error %v, want io.ErrUnexpectedEOF", err)
	}
	if _, err := ReadFrame(bytes.NewReader([]byte{0xff, 0, 0, 0})); err == nil {
		t.Error("a frame of 4 GB: no error")
	}
}

// FuzzParse looks for messages that make the parser panic or allocate without end.
func FuzzParse(f *testing.F) {
	f.Add((&Request{SQL: "SELECT ?", Args: []any{int64(1), "x", 2.5, []byte("b"), nil}}).Append(nil)[4:])
	f.Add((&Response{Columns: []string{"a"}, Rows: 2, Values: []byte{1, 2}}).Append(nil)[4:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var req Request
		if req.Parse(b) == nil && len(req.Args) > len(b) {
			t.Errorf("%d arguments out of %d bytes", len(req.Args), len(b))
		}
		var resp Response
		if resp.Parse(b) == nil {
			for {
				if _, err := resp.Next(); err != nil {
					break
				}
			}
		}
	})
}

func content(t *testing.T, frame []byte) []byte {
	t.Helper()
	b, err := ReadFrame(bytes.NewReader(frame))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
