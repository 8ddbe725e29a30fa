module example.com/hello

go 1.21

require example.com/Acme/Words v0.3.0
