module example.com/greet

go 1.21

require (
	example.com/hello v1.1.0
	example.com/hello/v2 v2.0.0
)

require example.com/Acme/Words v0.3.0 // indirect
