package main

import (
	"math/rand/v2"
	"slices"
)

// grow returns the bases, then mutations of them, up to total texts, none twice. The characters of the alphabet are
// what mutations insert.
func grow(bases []string, alphabet string, total int, seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 0x6d6f6467617465))
	letters := []rune(alphabet)
	var texts []string
	seen := map[string]bool{}
	add := func(text string) {
		if !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	for _, base := range bases {
		add(base)
	}
	for len(texts) < total {
		text := []rune(bases[rng.IntN(len(bases))])
		if len(text) > 120 {
			continue
		}
		// Mostly one step away from something meaningful: what is further off is refused for a dull reason.
		for range 1 + rng.IntN(5)/3 {
			text = mutate(rng, text, letters, []rune(bases[rng.IntN(len(bases))]))
		}
		add(string(text))
	}
	return texts
}

// mutate makes one small change.
func mutate(rng *rand.Rand, text, letters, other []rune) []rune {
	at := rng.IntN(len(text) + 1)
	if at == len(text) {
		return append(slices.Clone(text), letters[rng.IntN(len(letters))])
	}
	switch rng.IntN(7) {
	case 0:
		return slices.Delete(slices.Clone(text), at, at+1)
	case 1:
		return slices.Insert(slices.Clone(text), at, text[at])
	case 2, 3:
		return slices.Insert(slices.Clone(text), at, letters[rng.IntN(len(letters))])
	case 4:
		text = slices.Clone(text)
		text[at] = letters[rng.IntN(len(letters))]
		return text
	case 5:
		text = slices.Clone(text)
		other := rng.IntN(len(text))
		text[at], text[other] = text[other], text[at]
		return text
	default:
		if len(other) > 120 {
			return text
		}
		return slices.Concat(text[:at], other[min(at, len(other)):])
	}
}
