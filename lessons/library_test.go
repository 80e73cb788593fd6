package lessons

import "testing"

// load reads the content that is built in.
func load(t testing.TB) *Library {
	t.Helper()
	library, err := Load(Embedded())
	if err != nil {
		t.Fatalf("loading the embedded content:\n%v", err)
	}
	return library
}

func TestEmbeddedContentIsWithoutFaults(t *testing.T) {
	load(t)
}
