// Package hello greets.
package hello

import "example.com/Acme/Words"

// To greets a name, and says goodbye at once.
func To(name string) string { return words.Greeting + " and goodbye, " + name + "!" }
