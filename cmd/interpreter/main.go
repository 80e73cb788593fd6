// Interpreter is the small program that interprets lessons' Go blocks in a sandbox. Hotloop itself can do that, too, but
// what strangers' code runs in must not hold the exercises' solutions, as hotloop does.
package main

import "hotloop/runner/executor/yaegi"

func main() { yaegi.Child() }
