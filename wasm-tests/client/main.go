// Client is a program with the dependencies of an ordinary one. Its go.mod requires nothing, so that "go get ." has to
// find every version through the proxy under test. ("go mod tidy" would also want the modules that the tests of
// these libraries import, which the tree has not.)
package main

import (
	"fmt"

	"github.com/BurntSushi/toml"
	"github.com/cespare/xxhash/v2"
	"github.com/dgrijalva/jwt-go"
	"github.com/docker/go-units"
	"github.com/google/uuid"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v3"
)

func main() {
	root := &cobra.Command{Use: "client", RunE: func(*cobra.Command, []string) error {
		var fromTOML, fromYAML struct{ Name string }
		if _, err := toml.Decode(`Name = "toml"`, &fromTOML); err != nil {
			return err
		}
		if err := yaml.Unmarshal([]byte("name: yaml"), &fromYAML); err != nil {
			return err
		}
		logrus.Debug("quiet")
		fmt.Println(fromTOML.Name, fromYAML.Name, xxhash.Sum64String(""), units.HumanSize(5e6),
			uuid.Nil, jwt.SigningMethodNone.Alg(), language.Dutch)
		return nil
	}}
	if err := root.Execute(); err != nil {
		panic(err)
	}
}
