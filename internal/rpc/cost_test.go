package rpc_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/rpc"
)

// TestCosts holds what calls cost: a label that there is costs nothing, what is public
// and small costs half of any other call, and pages cost by their size, whatever size is
// named.
func TestCosts(t *testing.T) {
	id := &labelv1.VerifyRequest_Id{Id: "x"}
	for _, c := range []struct {
		name string
		req  proto.Message
		want int
	}{
		{"a label", &labelv1.VerifyRequest{Target: id}, 0},
		{"a label with its history", &labelv1.VerifyRequest{Target: id, History: true}, 0},
		{"a label by its address", &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Url{Url: "x"}}, 0},
		{"a label as of an instant", &labelv1.VerifyRequest{Target: id, At: timestamppb.Now()}, 5},
		{"a package", &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Package{Package: []byte("x")}}, 20},
		{"a package as of an instant", &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Package{Package: []byte("x")}, At: timestamppb.Now()}, 25},
		{"an empty package", &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Package{}}, 0},
		{"the schemes", &labelv1.ListSchemesRequest{}, 5},
		{"a scheme", &labelv1.GetSchemeRequest{}, 5},
		{"a plan", &labelv1.GetPlanRequest{}, 5},
		{"an advisory", &labelv1.GetAdvisoryRequest{}, 5},
		{"a statement", &labelv1.SubmitStatementRequest{}, rpc.CallUnits},
		{"a page", &labelv1.ListManufacturerLabelsRequest{}, rpc.CallUnits + label.DefaultPage/5},
		{"a page of one", &labelv1.ListManufacturerLabelsRequest{PageSize: 1}, rpc.CallUnits},
		{"the largest page", &labelv1.ListManufacturerLabelsRequest{PageSize: label.MaxPage}, rpc.CallUnits + label.MaxPage/5},
		{"a page that is too large", &labelv1.ListManufacturerLabelsRequest{PageSize: 1<<31 - 1}, rpc.CallUnits + label.MaxPage/5},
		{"a page below zero", &labelv1.ListManufacturerLabelsRequest{PageSize: -1 << 31}, rpc.CallUnits + label.DefaultPage/5},
	} {
		if got := rpc.CostOf("/label.v1.X/Y", c.req); got != c.want {
			t.Errorf("%s costs %d units, want %d", c.name, got, c.want)
		}
	}
	for _, m := range methods() {
		if cost := rpc.CostOf(fullMethod(m), newMessage(t, m.Input())); cost <= 0 && fullMethod(m) != labelv1.VerificationService_Verify_FullMethodName {
			t.Errorf("%s costs %d", m.FullName(), cost)
		}
		for _, size := range []int32{-1, 1 << 30} {
			f := m.Input().Fields().ByName("page_size")
			if f == nil {
				continue
			}
			req := newMessage(t, m.Input())
			req.ProtoReflect().Set(f, protoreflect.ValueOfInt32(size))
			if cost := rpc.CostOf(fullMethod(m), req); cost < rpc.CallUnits || cost > rpc.CallUnits+label.MaxPage/5 {
				t.Errorf("%s costs %d for a page of %d", m.FullName(), cost, size)
			}
		}
	}
	if cost := rpc.CostOf("/grpc.health.v1.Health/Check", nil); cost != 0 {
		t.Errorf("the health of the service costs %d", cost)
	}
}
