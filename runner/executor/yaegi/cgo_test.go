//go:build cgo

package yaegi

// cgo is whether this test binary was built with cgo.
const cgo = true
