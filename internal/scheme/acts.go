package scheme

import (
	"io/fs"
	"slices"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// An ActRule says who may do an act of a kind, and how many have to agree, from
// labels/acts.yaml.
type ActRule struct {
	Kind          label.ActKind `yaml:"kind"`
	Roles         []label.Role  `yaml:"roles"`         // of the organizations of which one has to ask for it
	Signed        bool          `yaml:"signed"`        // it rests on a signed request, and not on a caller's token alone
	Persons       int           `yaml:"persons"`       // who have to agree, with who asks; 1 where absent
	Organizations int           `yaml:"organizations"` // they have to be of; 1 where absent
}

// Several reports whether acts by the rule take more than one person.
func (r *ActRule) Several() bool { return r.Persons > 1 }

// loadActs reads the table of acts of a programme.
func (p *Programme) loadActs(fsys fs.FS) (err error) {
	p.Acts, p.ActsSHA256, err = ReadActs(fsys, "acts.yaml")
	return err
}

// ReadActs reads a table of acts, and returns the rules with the digest of the file. The
// table has to name all kinds, with rules that nobody can use to give himself what the
// others keep from him: what can change who may act takes as many as anything does.
func ReadActs(fsys fs.FS, name string) (map[label.ActKind]*ActRule, label.Digest, error) {
	var file struct {
		Acts []*ActRule `yaml:"acts"`
	}
	d, err := datafile.Read(fsys, name, &file)
	if err != nil {
		return nil, label.Digest{}, err
	}
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, label.Digest{}, err
	}
	acts := map[label.ActKind]*ActRule{}
	most := &ActRule{Persons: 1, Organizations: 1}
	for i, r := range file.Acts {
		path := datafile.At("acts", i)
		r.Persons, r.Organizations = max(r.Persons, 1), max(r.Organizations, 1)
		most.Persons, most.Organizations = max(most.Persons, r.Persons), max(most.Organizations, r.Organizations)
		switch {
		case !slices.Contains(label.ActKinds, r.Kind):
			d.Errorf(path+".kind", "%q is no kind of act that this service knows", r.Kind)
		case acts[r.Kind] != nil:
			d.Errorf(path+".kind", "%q has a rule already", r.Kind)
		case r.Signed != r.Kind.Signed():
			d.Errorf(path+".signed", "must be %t of %s: that is how it is asked for", r.Kind.Signed(), r.Kind)
		case r.Several() && !r.Signed:
			d.Errorf(path+".persons", "several persons can agree to what is signed only, and %s is not", r.Kind)
		case r.Several() && !r.Kind.Waits():
			d.Errorf(path+".persons", "must be 1 of %s: it counts when it comes in, and does not wait for others to agree", r.Kind)
		case r.Organizations > r.Persons:
			d.Errorf(path+".organizations", "are more than the persons, who belong to one each")
		case len(r.Roles) == 0:
			d.Errorf(path+".roles", "at least one is required")
		}
		for j, role := range r.Roles {
			if !slices.Contains(label.Roles, role) {
				d.Errorf(datafile.At(path+".roles", j), "must be operator, lab or manufacturer")
			} else if role != label.RoleOperator && r.Kind.Governs() {
				d.Errorf(datafile.At(path+".roles", j), "%s can change who may act for the authority, and is for operators only", r.Kind)
			}
		}
		acts[r.Kind] = r
	}
	for _, k := range label.ActKinds {
		if acts[k] == nil {
			d.Errorf("acts", "no rule says who may do %s", k)
		}
	}
	for i, r := range file.Acts {
		if r.Kind.Governs() && (r.Persons < most.Persons || r.Organizations < most.Organizations) {
			d.Errorf(datafile.At("acts", i), "%s can change who may act, and takes the strongest quorum that any act takes: persons: %d, organizations: %d", r.Kind, most.Persons, most.Organizations)
		}
	}
	return acts, label.DigestOf(raw), d.Err()
}
