package rpc_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestBehindNoCallSaysHowLabelsStand makes every call there is of a service whose
// database was put back from an older copy: as somebody, and as an operator, who reads
// what to do.
func TestBehindNoCallSaysHowLabelsStand(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("camera"), 3)
	w.ReadOnly = label.Errorf(label.Unavailable, label.ReasonReadOnly, "", "put the newest copy in its place")
	w.Restart()
	conn := serve(t, w)
	calls := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("label.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				for who, ctx := range map[string]context.Context{"what happened since ": context.Background(), "put the newest copy in its place": as(t, w, labeltest.Operator)} {
					calls++
					err := conn.Invoke(ctx, "/"+string(s.FullName())+"/"+string(m.Name()), dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output()))
					if m.Name() == "ListSchemes" || m.Name() == "GetScheme" {
						if err != nil && strings.Contains(err.Error(), string(label.ReasonReadOnly)) {
							t.Errorf("%s: %v", m.FullName(), err)
						}
						continue
					}
					wants(t, err, codes.Unavailable, label.ReasonReadOnly, "")
					if !strings.Contains(err.Error(), who) {
						t.Errorf("%s: %v, want %q", m.FullName(), err, who)
					}
				}
			}
		}
		return true
	})
	if calls < 100 {
		t.Errorf("only %d calls were made", calls)
	}
}
