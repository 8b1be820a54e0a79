package rpc_test

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/surveillance"
)

// A row says of one call who may make it, and how it is made. The tests of calls_test.go
// go over all rows, so that a call which is added to the contract needs a row here and
// nothing else to be tried as everybody, without a token, empty, with pages out of
// bounds, and with rubbish.
type row struct {
	// may are the roles whose organizations are answered; nil where everybody is, also
	// who sends no token.
	may []label.Role

	// stranger is why a manufacturer is refused what is another's; empty where it is
	// answered, because the call is public, asks about nobody in particular, or carries a
	// statement that counts whoever carries it.
	stranger label.Reason

	// signed says that it carries a request that somebody signed: whoever carries it is
	// answered, and who signs it has to have one of the roles.
	signed bool

	// others is why those are refused who have none of the roles, where it is not for that.
	others label.Reason

	// needs is the field that an empty request lacks; empty where it lacks none.
	needs string

	// fails is why even the right caller is refused; empty where it is answered.
	fails label.Reason

	// request returns a request that is answered if by, an organization with one of the
	// roles, makes it. It asks for something new each time it is called.
	request func(g *ground, by string) proto.Message
}

// Who may make calls.
var (
	operators  = []label.Role{label.RoleOperator}
	makers     = []label.Role{label.RoleOperator, label.RoleManufacturer}
	reporters  = []label.Role{label.RoleOperator, label.RoleLab}
	everyParty = []label.Role{label.RoleOperator, label.RoleLab, label.RoleManufacturer}
)

// calls has a row for each call of each service.
var calls = map[string]row{
	labelv1.SubmissionService_RegisterDevice_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "descriptor",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.RegisterDeviceRequest{Descriptor_: g.another().Descriptor}
		},
	},
	labelv1.SubmissionService_GetDevice_FullMethodName: {
		may: everyParty, needs: "device",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.GetDeviceRequest{Device: label.DigestOf(g.device().Descriptor).String()}
		},
	},
	labelv1.SubmissionService_ListDevices_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "manufacturer",
		request: func(*ground, string) proto.Message {
			return &labelv1.ListDevicesRequest{Manufacturer: labeltest.Maker}
		},
	},
	labelv1.SubmissionService_AddPicture_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "device",
		request: func(g *ground, _ string) proto.Message {
			e := g.device()
			return &labelv1.AddPictureRequest{Device: label.DigestOf(e.Descriptor).String(), Picture: e.Picture}
		},
	},
	labelv1.SubmissionService_SubmitStatement_FullMethodName: {
		may: everyParty, needs: "statement",
		request: func(g *ground, _ string) proto.Message {
			e := g.device()
			return &labelv1.SubmitStatementRequest{Statement: g.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report)}
		},
	},
	labelv1.SubmissionService_ListSubmissions_FullMethodName: {
		may: everyParty,
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.ListSubmissionsRequest{Device: label.DigestOf(g.evidenced().Descriptor).String()}
		},
	},

	labelv1.LabelService_EvaluateDevice_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "device",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.EvaluateDeviceRequest{Device: label.DigestOf(g.evidenced().Descriptor).String(), Level: 3}
		},
	},
	labelv1.LabelService_RequestLabel_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "device",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.RequestLabelRequest{Device: label.DigestOf(g.evidenced().Descriptor).String(), Level: 3, Qr: labelv1.QRFormat_QR_FORMAT_SVG}
		},
	},
	labelv1.LabelService_ListLabels_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "manufacturer",
		request: func(*ground, string) proto.Message {
			return &labelv1.ListLabelsRequest{Manufacturer: labeltest.Maker}
		},
	},

	labelv1.StatusService_ChangeLabel_FullMethodName: {
		may: makers, signed: true, needs: "request",
		request: func(g *ground, by string) proto.Message {
			action, reason := label.Suspend, "complaint"
			if by != labeltest.Operator {
				action, reason = label.Withdraw, "discontinued"
			}
			return &labelv1.ChangeLabelRequest{Request: g.Ask(by, g.labelled(), action, reason, nil)}
		},
	},
	labelv1.StatusService_ListWaitingRequests_FullMethodName: {
		may: everyParty,
		request: func(g *ground, _ string) proto.Message {
			g.waiting()
			return &labelv1.ListWaitingRequestsRequest{}
		},
	},
	labelv1.StatusService_CloseRequest_FullMethodName: {
		may: operators, others: label.ReasonUnknownSubject, needs: "id",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.CloseRequestRequest{Id: g.waiting().String(), Text: "It was a mistake."}
		},
	},

	labelv1.OversightService_ReportEvent_FullMethodName: {
		may: reporters, signed: true, needs: "event",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.ReportEventRequest{Event: g.event(by)}
		},
	},
	labelv1.OversightService_PreviewEvent_FullMethodName: {
		may: reporters, signed: true, needs: "event",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.PreviewEventRequest{Event: g.event(by)}
		},
	},
	labelv1.OversightService_GetEvent_FullMethodName: {
		may: everyParty, stranger: label.ReasonUnknownSubject, needs: "id",
		request: func(g *ground, by string) proto.Message {
			if by == labeltest.Maker {
				_, e := g.published(by)
				return &labelv1.GetEventRequest{Id: e.Digest.String()}
			}
			return &labelv1.GetEventRequest{Id: g.reported(by).String()}
		},
	},
	labelv1.OversightService_RetryEvent_FullMethodName: {
		may: operators, needs: "id", fails: label.ReasonStep, // no label has failed
		request: func(g *ground, by string) proto.Message {
			return &labelv1.RetryEventRequest{Id: g.reported(by).String()}
		},
	},

	labelv1.HoldService_ListHolds_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "device",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.ListHoldsRequest{Device: label.DigestOf(g.device().Descriptor).String()}
		},
	},

	labelv1.AdvisoryService_PublishAdvisory_FullMethodName: {
		may: makers, signed: true, needs: "event",
		request: func(g *ground, by string) proto.Message {
			event, document := g.advisory(by)
			return &labelv1.PublishAdvisoryRequest{Event: event, Document: document}
		},
	},
	labelv1.AdvisoryService_PreviewAdvisory_FullMethodName: {
		may: makers, signed: true, needs: "event",
		request: func(g *ground, by string) proto.Message {
			event, document := g.advisory(by)
			return &labelv1.PreviewAdvisoryRequest{Event: event, Document: document}
		},
	},
	labelv1.AdvisoryService_GetAdvisory_FullMethodName: {
		needs: "id",
		request: func(g *ground, _ string) proto.Message {
			a, _ := g.published(labeltest.Maker)
			return &labelv1.GetAdvisoryRequest{Id: a.Digest.String()}
		},
	},
	labelv1.AdvisoryService_ListAdvisories_FullMethodName: {
		needs: "publisher",
		request: func(*ground, string) proto.Message {
			return &labelv1.ListAdvisoriesRequest{Publisher: labeltest.Maker}
		},
	},

	labelv1.AppealService_GetDecision_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "id",
		request: func(g *ground, _ string) proto.Message {
			_, d := g.refused()
			return &labelv1.GetDecisionRequest{Id: d.Digest.String()}
		},
	},
	labelv1.AppealService_ListDecisions_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, needs: "manufacturer",
		request: func(g *ground, _ string) proto.Message {
			e, _ := g.refused()
			return &labelv1.ListDecisionsRequest{Device: label.DigestOf(e.Descriptor).String()}
		},
	},
	labelv1.AppealService_FileAppeal_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours, others: label.ReasonNotYours, needs: "appeal",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.FileAppealRequest{Appeal: g.appeal()}
		},
	},
	labelv1.AppealService_ListAppeals_FullMethodName: {
		may: makers, stranger: label.ReasonNotYours,
		request: func(g *ground, _ string) proto.Message {
			g.Appeal(g.device(), 3)
			return &labelv1.ListAppealsRequest{Manufacturer: labeltest.Maker}
		},
	},
	labelv1.AppealService_DecideAppeal_FullMethodName: {
		may: everyParty, needs: "ruling",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.DecideAppealRequest{Ruling: g.ruling()}
		},
	},

	labelv1.NoticeService_ListNotices_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours,
		request: func(_ *ground, by string) proto.Message {
			return &labelv1.ListNoticesRequest{Organization: by}
		},
	},
	labelv1.NoticeService_CreateWebhook_FullMethodName: {
		may: everyParty, needs: "url",
		request: func(g *ground, by string) proto.Message {
			g.unhook(by)
			return &labelv1.CreateWebhookRequest{Url: "https://hooks.example/labels"}
		},
	},
	labelv1.NoticeService_ListWebhooks_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours,
		request: func(g *ground, by string) proto.Message {
			return &labelv1.ListWebhooksRequest{Organization: g.hook(by).Organization}
		},
	},
	labelv1.NoticeService_EnableWebhook_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours, needs: "id",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.EnableWebhookRequest{Id: g.hook(by).ID}
		},
	},
	labelv1.NoticeService_DeleteWebhook_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours, needs: "id",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.DeleteWebhookRequest{Id: g.hook(by).ID}
		},
	},
	labelv1.NoticeService_TestWebhook_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours, needs: "id",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.TestWebhookRequest{Id: g.hook(by).ID}
		},
	},
	labelv1.NoticeService_ListDeadLetters_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours, needs: "webhook",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.ListDeadLettersRequest{Webhook: g.hook(by).ID}
		},
	},
	labelv1.NoticeService_ReplayDeadLetters_FullMethodName: {
		may: everyParty, stranger: label.ReasonNotYours, needs: "webhook",
		request: func(g *ground, by string) proto.Message {
			return &labelv1.ReplayDeadLettersRequest{Webhook: g.hook(by).ID}
		},
	},

	labelv1.ReportService_ListReports_FullMethodName: {
		may: operators,
		request: func(g *ground, _ string) proto.Message {
			g.complaint()
			return &labelv1.ListReportsRequest{}
		},
	},
	labelv1.ReportService_CloseReport_FullMethodName: {
		may: operators, needs: "id",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.CloseReportRequest{Id: g.complaint(), Outcome: "It was no toaster."}
		},
	},

	labelv1.SurveillanceService_CreatePlan_FullMethodName: {
		may: everyParty, needs: "request",
		request: func(g *ground, _ string) proto.Message {
			g.made++
			return &labelv1.CreatePlanRequest{Request: g.AskDraw(labeltest.Operator, surveillance.Request{ID: "plan-" + g.another().Device.Model[len("NL-C210-"):], Size: g.Authority.LogSize() + ahead, Count: 1})}
		},
	},
	labelv1.SurveillanceService_DrawPlan_FullMethodName: {
		may: operators, needs: "id",
		request: func(g *ground, _ string) proto.Message { return &labelv1.DrawPlanRequest{Id: g.plan()} },
	},
	labelv1.SurveillanceService_GetPlan_FullMethodName: {
		needs:   "id",
		request: func(g *ground, _ string) proto.Message { return &labelv1.GetPlanRequest{Id: g.plan()} },
	},
	labelv1.SurveillanceService_ListPlans_FullMethodName: {
		request: func(*ground, string) proto.Message { return &labelv1.ListPlansRequest{} },
	},
	labelv1.SurveillanceService_ListOutliers_FullMethodName: {
		may:     operators,
		request: func(*ground, string) proto.Message { return &labelv1.ListOutliersRequest{Since: "2026-01-01"} },
	},

	labelv1.VerificationService_Verify_FullMethodName: {
		needs: "target",
		request: func(g *ground, _ string) proto.Message {
			return &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: string(g.labelled().Label.ID)}, History: true}
		},
	},
	labelv1.VerificationService_ListManufacturerLabels_FullMethodName: {
		needs: "manufacturer",
		request: func(*ground, string) proto.Message {
			return &labelv1.ListManufacturerLabelsRequest{Manufacturer: labeltest.Maker}
		},
	},

	labelv1.AuthorityService_ChangeRegistry_FullMethodName: {
		may: everyParty, needs: "request",
		request: func(g *ground, by string) proto.Message {
			g.made++
			r := label.RegistryRequest{
				Act: label.ActAddPerson, Organization: by, Person: fmt.Sprintf("person-%d", g.made), Made: g.Clock.Now().UTC().Truncate(time.Second),
			}
			return &labelv1.ChangeRegistryRequest{Request: labeltest.Registry(g.t, g.Signers[by], r)}
		},
	},
	labelv1.AuthorityService_GetActs_FullMethodName: {
		may:     everyParty,
		request: func(*ground, string) proto.Message { return &labelv1.GetActsRequest{} },
	},
	labelv1.AuditService_ListActs_FullMethodName: {
		may:     everyParty,
		request: func(*ground, string) proto.Message { return &labelv1.ListActsRequest{} },
	},
	labelv1.AuditService_GetAct_FullMethodName: {
		may: operators, others: label.ReasonUnknownAct,
		request: func(*ground, string) proto.Message { return &labelv1.GetActRequest{} },
	},
	labelv1.AuditService_GetAuditHead_FullMethodName: {
		may: operators,
		request: func(g *ground, _ string) proto.Message {
			g.must(g.Authority.LogAuditHead(g.t.Context()))
			return &labelv1.GetAuditHeadRequest{}
		},
	},
	labelv1.AuditService_ExportActs_FullMethodName: {
		may:     operators,
		request: func(*ground, string) proto.Message { return &labelv1.ExportActsRequest{} },
	},
	labelv1.AuthorityService_GetOrganization_FullMethodName: {
		may: everyParty, stranger: label.ReasonWrongRole, needs: "id",
		request: func(_ *ground, by string) proto.Message { return &labelv1.GetOrganizationRequest{Id: by} },
	},
	labelv1.AuthorityService_ListOrganizations_FullMethodName: {
		may: operators,
		request: func(*ground, string) proto.Message {
			return &labelv1.ListOrganizationsRequest{Role: labelv1.Role_ROLE_LAB}
		},
	},
	labelv1.AuthorityService_ListSchemes_FullMethodName: {
		request: func(*ground, string) proto.Message { return &labelv1.ListSchemesRequest{} },
	},
	labelv1.AuthorityService_GetScheme_FullMethodName: {
		needs:   "id",
		request: func(*ground, string) proto.Message { return &labelv1.GetSchemeRequest{Id: "four-level"} },
	},
}
