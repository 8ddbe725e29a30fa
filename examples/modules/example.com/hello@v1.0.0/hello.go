// Package hello greets.
package hello

// To greets a name.
func To(name string) string { return "Hello, " + name + "!" }
