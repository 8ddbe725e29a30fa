module example.com/hello/v2

go 1.21

require example.com/Acme/Words v0.3.0
