// Package pets has animals.
package pets

import (
	"fmt"
	names "example.com/zoo/names"
)

// Dog barks.
// Always.
type Dog[T any] struct{ name string }

type Animal interface {
	Speak(loud int) error
}

type (
	Make func(int) int
	Alias = Dog[int]
)

const Legs = 4

const (
	First = iota
	Second
)

var Left, Right = 1, 2

// Speak says something.
func (d *Dog[T]) Speak(loud int) error {
	fmt.Println(loud)
	d.owner.Call()
	return nil
}

func New() *Dog[int] { return &Dog[int]{name: names.Any()} }
