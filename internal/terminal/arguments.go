package terminal

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NameArguments has a program, and each of its commands, say of a wrong command line which
// argument is missing or too much, by its name in the usage, and which command was
// perhaps meant. How many arguments there are is for each command to say.
func NameArguments(root *cobra.Command) {
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if isGroup(cmd) { // the flag may be that of the command that was meant
			return cmp.Or(knownCommand(cmd, cmd.Flags().Args()), err)
		}
		if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			return valueError(e)
		}
		return err
	})
	nameArguments(root)
}

// valueError says what a flag takes, where its value is of another kind.
func valueError(e *pflag.InvalidValueError) error {
	takes := map[string]string{
		"int": "a whole number", "int32": "a whole number", "int64": "a whole number", "uint64": "a whole number from 0 on",
		"bool": "true or false", "duration": "a duration such as 90s",
	}[e.GetFlag().Value.Type()]
	if takes == "" {
		return e
	}
	return fmt.Errorf("--%s takes %s, and not %q", e.GetFlag().Name, takes, e.GetValue())
}

func nameArguments(cmd *cobra.Command) {
	check := cmd.Args
	switch {
	case isGroup(cmd):
		cmd.Args = knownCommand
	case check != nil:
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return argumentError(cmd, args, err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		nameArguments(sub)
	}
}

// isGroup reports whether a command only has commands below it. One that takes arguments
// itself does something with them, unless the first is the name of a command.
func isGroup(cmd *cobra.Command) bool {
	return cmd.HasSubCommands() && len(arguments(cmd.Use)) == 0
}

// knownCommand refuses what is no command of a group.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// argumentError says what is wrong with a command's arguments, which err is about.
func argumentError(cmd *cobra.Command, args []string, err error) error {
	names := arguments(cmd.Use)
	text := err.Error()
	switch n := len(args); {
	case n < len(names) && !strings.HasPrefix(names[n], "["):
		text = strings.TrimSuffix(names[n], "...") + " is missing"
	case n > len(names):
		text = fmt.Sprintf("%q is an argument too many", args[len(names)])
	}
	usage := cmd.Use
	if cmd.HasParent() {
		usage = cmd.Parent().CommandPath() + " " + usage
	}
	return errors.New(text + "\nusage: " + usage)
}

// arguments returns the names of the arguments in a usage, which may have options
// with their values too.
func arguments(usage string) (names []string) {
	value := false // of an option
	for _, word := range strings.Fields(usage)[1:] {
		switch {
		case strings.HasPrefix(strings.TrimLeft(word, "["), "-"):
			value = !strings.HasSuffix(word, "]")
		case value:
			value = strings.Contains(word, "|-") // another option instead, which has one too
		default:
			names = append(names, word)
		}
	}
	return names
}
