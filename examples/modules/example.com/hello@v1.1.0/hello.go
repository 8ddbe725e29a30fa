// Package hello greets.
package hello

import "example.com/Acme/Words"

// To greets a name, in the words of the house.
func To(name string) string { return words.Greeting + ", " + name + "!" }
