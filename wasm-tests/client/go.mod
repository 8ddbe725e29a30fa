module modgate.example/client

go 1.21
