

	upstreams2
*


cluster