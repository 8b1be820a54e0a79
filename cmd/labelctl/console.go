package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"labeld/internal/label"
	"labeld/internal/terminal"
)

// The exit codes. Where several apply, it is the first of 2, 1, 4, 5 and 6.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitShort     = 3 // the evidence does not support the level
	exitInvalid   = 4 // genuine, but not valid: expired, suspended, revoked, withdrawn or superseded
	exitUntold    = 5 // genuine, but nothing shows whether anything has happened since
	exitUntrusted = 6 // all is well if the keys are believed that the service itself names
)

// A usageError is a mistake in the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// A failure is the error of a command that was run, unlike that of a command line
// which is not understood.
type failure struct{ err error }

func (e *failure) Error() string { return e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// An exitCode ends a command that has printed its result, and whose result is not
// success. It is an error so that commands can return it.
type exitCode int

func (o exitCode) Error() string { return fmt.Sprintf("exit code %d", int(o)) }

// A placeError says in which file the cause of an error is, and on which line.
type placeError struct {
	place string
	err   error
}

func (e *placeError) Error() string { return e.place + ": " + e.err.Error() }
func (e *placeError) Unwrap() error { return e.err }

// A verdictError puts a verdict before an error, such as "not genuine".
type verdictError struct {
	verdict string
	err     error
}

func (e *verdictError) Error() string { return e.verdict + ": " + e.err.Error() }
func (e *verdictError) Unwrap() error { return e.err }

// A hintError adds advice to an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func hintf(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// A problem is an error as it is shown.
type problem struct {
	Reason  label.Reason `json:"reason,omitempty"`
	Place   string       `json:"place,omitempty"` // file and line
	Field   string       `json:"field,omitempty"`
	Message string       `json:"message"`
	Code    string       `json:"code"` // as gRPC names it, such as INVALID_ARGUMENT
	Hint    string       `json:"hint,omitempty"`

	verdict string // begins the message
}

// kindCodes are the codes of errors that are found here: those that the service gives
// to the same errors.
var kindCodes = map[label.Kind]codes.Code{
	label.Invalid:         codes.InvalidArgument,
	label.NotFound:        codes.NotFound,
	label.Exists:          codes.AlreadyExists,
	label.Denied:          codes.PermissionDenied,
	label.Unauthenticated: codes.Unauthenticated,
	label.Precondition:    codes.FailedPrecondition,
	label.TooLarge:        codes.ResourceExhausted,
	label.Unavailable:     codes.Unavailable,
	label.Internal:        codes.Internal,
}

// kindCode returns the code of an error that was found here.
func kindCode(k label.Kind) codes.Code {
	if code, ok := kindCodes[k]; ok {
		return code
	}
	return codes.Unknown
}

// describe returns an error as it is shown, whichever part of the program found it.
func describe(err error) problem {
	if e, ok := errors.AsType[*verdictError](err); ok {
		p := describe(e.err)
		p.verdict = e.verdict
		return p
	}
	p := problem{Message: err.Error(), Code: codeName(codes.Unknown)}
	if e, ok := errors.AsType[*placeError](err); ok {
		p.Place, p.Message = e.place, e.err.Error()
	}
	if e, ok := errors.AsType[*hintError](err); ok {
		p.Hint = e.hint
	}
	if e, ok := errors.AsType[*label.Error](err); ok {
		p.Reason, p.Code = e.Reason, codeName(kindCode(e.Kind))
		// The message begins with the field, unless another error was wrapped around it.
		if p.Message == e.Error() {
			p.Field, p.Message = e.Field, e.Text
		}
	}
	switch e, remote := errors.AsType[*serviceError](err); {
	case remote:
		p.Reason, p.Code = e.reason, codeName(e.code)
		if p.Message == e.Error() {
			p.Field, p.Message = e.field, e.text
		}
		if p.Hint == "" {
			p.Hint = e.hint
		}
	case errors.Is(err, context.Canceled):
		p.Message, p.Code = "interrupted", codeName(codes.Canceled)
	case errors.Is(err, os.ErrNotExist):
		p.Code = codeName(codes.NotFound)
	case errors.Is(err, os.ErrExist):
		p.Code = codeName(codes.AlreadyExists)
	}
	if p.Hint == "" && strings.Contains(p.Message, "found a JSON number where a string") {
		p.Hint = "in YAML, put quotes around texts that look like numbers, such as \"1.10\""
	}
	return p
}

// codeName turns InvalidArgument into INVALID_ARGUMENT.
func codeName(c codes.Code) string {
	var b strings.Builder
	for i, r := range c.String() {
		if i > 0 && unicode.IsUpper(r) && c != codes.OK {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// printError prints the error that a command ended with and returns the exit code. No
// other function decides how errors look or which code a command exits with.
func printError(stderr io.Writer, asJSON bool, command string, err error) int {
	if err == nil {
		return 0
	}
	if o, ok := errors.AsType[exitCode](err); ok {
		return int(o)
	}
	code := exitFailed
	_, ran := errors.AsType[*failure](err)
	_, usage := errors.AsType[*usageError](err)
	p := describe(err)
	if !ran || usage {
		code = exitUsage
		p = problem{Reason: "USAGE", Message: err.Error(), Code: codeName(codes.InvalidArgument), Hint: "\"" + command + " --help\" says how"}
	}
	if asJSON {
		if p.verdict != "" {
			p.Message = p.verdict + ": " + p.Message
		}
		b, err := encode(map[string]problem{"error": p})
		if err == nil {
			stderr.Write(b) // an error of this write can be reported nowhere
		}
		return code
	}
	width := terminal.Width(stderr)
	text := terminal.Clean(p.Message, true)
	for _, before := range []string{p.Field, p.Place, p.verdict} {
		if before != "" {
			text = terminal.Clean(before, false) + ": " + text
		}
	}
	fmt.Fprintln(stderr, terminal.Wrapped("labelctl: "+strings.ReplaceAll(text, "\n", "\n  "), width))
	if p.Hint != "" {
		fmt.Fprintln(stderr, terminal.Wrapped("labelctl: hint: "+terminal.Clean(p.Hint, false), width))
	}
	return code
}

// A console is where a command reads and writes, and the form it writes in.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	output         string // text or json
}

// note prints a remark for people beside the result. For programs, the JSON result
// says the same.
func (c *console) note(format string, args ...any) {
	if c.output == "text" {
		fmt.Fprintln(c.stderr, terminal.Wrapped("labelctl: note: "+terminal.Clean(fmt.Sprintf(format, args...), false), terminal.Width(c.stderr)))
	}
}

// show prints a result: as JSON, or in the words that the function text writes.
func (c *console) show(v any, text func(*terminal.Page)) error {
	var b []byte
	if c.output == "json" {
		var err error
		if b, err = encode(v); err != nil {
			return err
		}
	} else {
		p := terminal.NewPage(terminal.Width(c.stdout))
		text(p)
		b = p.Bytes()
	}
	_, err := c.stdout.Write(b)
	return err
}

// encode returns JSON in one stable form. Messages have the JSON form of protobuf,
// but not its white space, which varies on purpose.
func encode(v any) ([]byte, error) {
	if m, ok := v.(proto.Message); ok {
		b, err := protojson.Marshal(m)
		if err != nil {
			return nil, err
		}
		v = json.RawMessage(b)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return terminal.Disarmed(b.Bytes()), err
}

// raw prints bytes as they are. On a terminal it replaces what the terminal would obey.
func (c *console) raw(b []byte) error {
	if terminal.Width(c.stdout) > 0 {
		b = terminal.Disarmed(b)
	}
	_, err := c.stdout.Write(b)
	return err
}

// errNoTerminal is the error of a question where standard input is not a terminal.
var errNoTerminal = errors.New("cannot ask for input: standard input is not a terminal")

// tty returns the terminal on standard input.
func (c *console) tty() (*os.File, error) {
	f, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, errNoTerminal
	}
	return f, nil
}

// ask asks for a secret on the terminal.
func (c *console) ask(ctx context.Context, prompt string) ([]byte, error) {
	f, err := c.tty()
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	secret, err := c.prompt(ctx, prompt, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(c.stderr)
	if ctx.Err() != nil {
		// The read cannot be stopped and ends with the process. The terminal must show
		// again what is typed.
		err = errors.Join(err, term.Restore(fd, before))
	}
	return secret, err
}

// confirm asks a question on the terminal and reports whether the answer is yes.
func (c *console) confirm(ctx context.Context, question string) (bool, error) {
	f, err := c.tty()
	if err != nil {
		return false, err
	}
	answer, err := c.prompt(ctx, question+" [y/N] ", func() ([]byte, error) { return bufio.NewReader(f).ReadBytes('\n') })
	if err != nil && err != io.EOF {
		return false, err
	}
	word := strings.ToLower(strings.TrimSpace(string(answer)))
	return word == "y" || word == "yes", nil
}

// prompt shows a prompt and reads the answer, until ctx ends.
func (c *console) prompt(ctx context.Context, prompt string, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	given := make(chan answer, 1)
	fmt.Fprint(c.stderr, prompt)
	go func() {
		text, err := read()
		given <- answer{text, err}
	}()
	select {
	case a := <-given:
		return a.text, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
