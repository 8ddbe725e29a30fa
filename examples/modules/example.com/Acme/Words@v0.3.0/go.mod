module example.com/Acme/Words

go 1.21
