// Greet is a command to install: go install example.com/greet@latest.
package main

import (
	"fmt"
	"os"

	"example.com/hello"
	hellov2 "example.com/hello/v2"
)

func main() {
	name := "world"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	fmt.Println(hello.To(name))
	fmt.Println(hellov2.With("", name))
}
