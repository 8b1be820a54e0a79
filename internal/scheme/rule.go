package scheme

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"

	"labeld/internal/label"
)

// instant is the variable that holds the instant of evaluation in rules.
const instant = "at"

// maxCost bounds what a rule may cost, in CEL's units (about one for each
// operation). The bound is proved from the rule's text when it is loaded, so
// that nothing needs to be counted when it runs. The dearest rule in labels/
// costs about 20.
const maxCost = 2000

// maxListed is how many elements a fact that is a list may have.
const maxListed = 64

// A language compiles rules against the fact dictionary.
type language struct {
	env     *cel.Env
	facts   map[string]*Fact
	members bool // rules may refer to members of product
}

func newLanguage(facts map[string]*Fact) (*language, error) {
	opts := []cel.EnvOption{cel.Variable(instant, cel.TimestampType)}
	for name, f := range facts {
		opts = append(opts, cel.Variable(name, f.celType()))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return nil, fmt.Errorf("preparing the rule language: %w", err)
	}
	return &language{env: env, facts: facts}, nil
}

// withMembers returns the language of contradictions, which refer to members of
// product as well.
func (l *language) withMembers() (*language, error) {
	var opts []cel.EnvOption
	for i := range members {
		opts = append(opts, cel.Variable(members[i].name, members[i].celType))
	}
	env, err := l.env.Extend(opts...)
	if err != nil {
		return nil, fmt.Errorf("preparing the rule language: %w", err)
	}
	return &language{env, l.facts, true}, nil
}

func (f *Fact) celType() *cel.Type {
	switch f.Type {
	case Bool:
		return cel.BoolType
	case Int:
		return cel.IntType
	case Number:
		return cel.DoubleType
	case Date:
		return cel.TimestampType
	case List:
		return cel.ListType(cel.StringType)
	default: // Text, Enum
		return cel.StringType
	}
}

// A rule is a compiled CEL expression of type bool.
type rule struct {
	text    string
	vars    []string    // the facts it refers to, and members of product
	facts   []*Fact     // those facts; nil for a member
	whole   cel.Program // for when all of them are known: twice as fast
	partial cel.Program // for when some are missing
}

// compile type-checks an expression and bounds its cost.
func (l *language) compile(text string) (*rule, error) {
	ast, iss := l.env.Compile(text)
	if iss.Err() != nil {
		var msgs []string
		for _, e := range iss.Errors() {
			msgs = append(msgs, e.Message)
		}
		return nil, errors.New(strings.Join(msgs, "; "))
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("is of type %s, must be true or false", ast.OutputType())
	}
	cost, err := l.env.EstimateCost(ast, sizes{})
	if err != nil {
		return nil, err
	}
	if cost.Max > maxCost {
		return nil, fmt.Errorf("may cost %d steps, at most %d are allowed", cost.Max, maxCost)
	}
	r := &rule{text: text}
	if r.whole, err = l.env.Program(ast, cel.EvalOptions(cel.OptOptimize)); err != nil {
		return nil, err
	}
	if r.partial, err = l.env.Program(ast, cel.EvalOptions(cel.OptOptimize|cel.OptPartialEval)); err != nil {
		return nil, err
	}
	for _, ref := range ast.NativeRep().ReferenceMap() {
		known := l.facts[ref.Name] != nil || l.members && memberIndex(ref.Name) >= 0
		if known && !slices.Contains(r.vars, ref.Name) { // else a function, or a variable of all() and the like
			r.vars = append(r.vars, ref.Name)
		}
	}
	slices.Sort(r.vars)
	for _, name := range r.vars {
		r.facts = append(r.facts, l.facts[name])
	}
	return r, nil
}

// sizes tells the cost estimator how large facts may be, which [Fact.read]
// holds them to. What is made of facts it works out by itself.
type sizes struct{}

func (sizes) EstimateSize(n checker.AstNode) *checker.SizeEstimate {
	switch {
	case len(n.Path()) == 0:
		return nil
	case n.Type().Kind() == types.ListKind:
		return &checker.SizeEstimate{Max: maxListed}
	case n.Type().Kind() == types.StringKind:
		return &checker.SizeEstimate{Max: label.MaxProse}
	}
	return nil
}

func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// A tri is true, false or unknown for want of facts.
type tri int

const (
	unknown tri = iota
	isTrue
	isFalse
)

// eval evaluates the rule with the values of its variables, nil for one that is
// not known. Where the result is unknown, missing names the variables on which it
// depends.
func (r *rule) eval(values []any, now time.Time) (result tri, missing []string, err error) {
	act := &activation{names: r.vars, values: values, at: now}
	for i, v := range values {
		if v == nil {
			act.unknown = append(act.unknown, cel.AttributePattern(r.vars[i]))
		}
	}
	prg := r.whole
	if len(act.unknown) > 0 {
		prg = r.partial
	}
	out, _, err := prg.Eval(act)
	if err != nil {
		return unknown, nil, fmt.Errorf("rule %q: %w", r.text, err)
	}
	switch v := out.(type) {
	case types.Bool:
		if v {
			return isTrue, nil, nil
		}
		return isFalse, nil, nil
	case *types.Unknown:
		for _, id := range v.IDs() {
			trails, _ := v.GetAttributeTrails(id)
			for _, t := range trails {
				if !slices.Contains(missing, t.Variable()) {
					missing = append(missing, t.Variable())
				}
			}
		}
		return unknown, missing, nil
	}
	return unknown, nil, fmt.Errorf("rule %q gave a %s", r.text, out.Type())
}

// An activation gives a rule its facts.
type activation struct {
	names   []string // of variables
	values  []any    // theirs, nil for none
	at      time.Time
	unknown []*interpreter.AttributePattern
}

func (a *activation) ResolveName(name string) (any, bool) {
	if name == instant {
		return a.at, true
	}
	i := slices.Index(a.names, name)
	if i < 0 {
		return nil, false
	}
	return a.values[i], a.values[i] != nil
}

func (a *activation) Parent() cel.Activation { return nil }

func (a *activation) UnknownAttributePatterns() []*interpreter.AttributePattern { return a.unknown }

func (a *activation) AsPartialActivation() (interpreter.PartialActivation, bool) { return a, true }
