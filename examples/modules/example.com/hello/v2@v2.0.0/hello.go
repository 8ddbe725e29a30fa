// Package hello greets, in its second major version: the greeting is an argument.
package hello

import "example.com/Acme/Words"

// With greets a name with a greeting, or with that of the house where it is empty.
func With(greeting, name string) string {
	if greeting == "" {
		greeting = words.Greeting
	}
	return greeting + ", " + name + "!"
}
