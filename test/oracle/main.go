// The driver puts questions to the reference implementation of oci-hooks(5), the Go package
// github.com/containers/common/pkg/hooks as Debian ships it (golang-github-containers-common-dev).
//
//	driver                                       cases: one JSON request a line in, one JSON answer a line out
//	driver inject --hooks-dir DIR... CONFIG      reads, matches, prints the config: the peer of `hooks inject`
//	driver bench --hooks-dir DIR... CONFIG       loads once, evaluates many times, prints ns per evaluation
//
// Built by scripts/build-oracle.js.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return answerCases(os.Stdin, os.Stdout)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	var directories list
	flags.Var(&directories, "hooks-dir", "hooks directory, least preferred first (repeatable)")
	duration := flags.Duration("for", time.Second, "bench: how long to evaluate")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("one CONFIG is needed")
	}
	switch args[0] {
	case "inject":
		return inject(directories, flags.Arg(0), os.Stdout)
	case "bench":
		return bench(directories, flags.Arg(0), *duration, os.Stdout)
	}
	return fmt.Errorf("unknown mode %q", args[0])
}

type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
