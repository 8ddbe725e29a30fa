// Package words holds the words of the house. Its module path has capitals, which a proxy escapes: !acme/!words.
package words

// Greeting is how the house greets.
const Greeting = "Good day"
