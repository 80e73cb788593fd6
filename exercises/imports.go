package exercises

import (
	"slices"
	"strings"
)

// ordinary are the packages of the standard library that any solution may import: they work on what they are given, and
// reach neither files, sockets and other processes nor the memory and the runtime of their own. A package that is not
// listed is not ordinary, so that one of a later Go is looked at first.
var ordinary = strings.Fields(`
	archive/tar bufio bytes cmp compress/bzip2 compress/flate compress/gzip compress/lzw compress/zlib container/heap
	container/list container/ring context crypto crypto/aes crypto/cipher crypto/des crypto/ecdh crypto/ecdsa
	crypto/ed25519 crypto/elliptic crypto/hkdf crypto/hmac crypto/md5 crypto/mlkem crypto/pbkdf2 crypto/rand crypto/rc4
	crypto/rsa crypto/sha1 crypto/sha256 crypto/sha3 crypto/sha512 crypto/subtle database/sql database/sql/driver encoding
	encoding/ascii85 encoding/asn1 encoding/base32 encoding/base64 encoding/binary encoding/csv encoding/gob encoding/hex
	encoding/json encoding/pem encoding/xml errors fmt hash hash/adler32 hash/crc32 hash/crc64 hash/fnv hash/maphash html
	image image/color image/color/palette image/draw image/gif image/jpeg image/png index/suffixarray io io/fs iter log
	log/slog maps math math/big math/bits math/cmplx math/rand math/rand/v2 mime/quotedprintable net/netip net/url path
	regexp regexp/syntax slices sort strconv strings structs sync sync/atomic text/scanner text/tabwriter time unicode
	unicode/utf16 unicode/utf8 unique weak`)

// What others reach, by the longest prefix of their path.
var reaches = []struct{ what, packages string }{
	{"can write to all memory of the process, that of the tests among it", "C unsafe reflect syscall plugin"},
	{"reaches files, processes and the channel of the tests", "os io/ioutil"},
	{"opens files", "path/filepath archive/zip html/template text/template mime embed go debug crypto/x509 crypto/tls"},
	{"opens sockets and files", "net log/syslog expvar"},
	{"reaches into the runtime, and sees who calls", "runtime"},
	{"reaches into the tests", "testing flag"},
}

// Restricted is empty for a package that any solution may import. Of another one of the standard library it says what
// keeps it from being one: "opens files". Solutions in a sandbox, which may be strangers', may import it only if the
// exercise's allowed names it; on one's own machine, nobody minds.
func Restricted(path string) string {
	if !standard(path) || slices.Contains(ordinary, path) {
		return ""
	}
	for _, group := range reaches {
		for _, p := range strings.Fields(group.packages) {
			if path == p || strings.HasPrefix(path, p+"/") {
				return group.what
			}
		}
	}
	return "is not known to be harmless"
}

// standard is whether a path looks like one of the standard library: no host in front.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "hotloop"
}
