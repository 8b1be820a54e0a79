package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"labeld/internal/label"
)

// TestMain lets scripts run this test binary as labelctl.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"labelctl": main})
}

// tests begin without the settings of whoever runs them.
type tests struct{ *testing.M }

func (m tests) Run() int {
	for _, name := range []string{envServer, envKey, envAs, envURL, envPass, envCosign} {
		os.Unsetenv(name)
	}
	return m.M.Run()
}

// TestScripts runs the scripts of testdata/script with the real labelctl and
// the real labeld. In each, $HTTP and $GRPC are addresses that are free, $LATER
// is a day to come, and
// "wait-demo" waits until the demo there has labelled its camera, and sets $ID to
// the label's. "log-size NAME N" sets $NAME to the number of entries that the log has,
// and N more. "endpoint" serves an endpoint for webhooks at $HOOK, and
// "wait-notice KIND" waits until it gets a notice of the kind. "wait-state STATE"
// waits until the label $ID has a state. "ids" sets
// $REFUSAL and $APPEAL from the first trail in the JSON on standard output.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "../labeld").CombinedOutput(); err != nil {
		t.Fatalf("building labeld: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			httpAddr, err := freeAddress()
			if err != nil {
				return err
			}
			grpcAddr, err := freeAddress()
			if err != nil {
				return err
			}
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("LATER", label.DateOf(time.Now()).AddDays(30).String())
			env.Setenv("HTTP", httpAddr)
			env.Setenv("GRPC", grpcAddr)
			env.Setenv("LABELCTL_SERVER", grpcAddr)
			env.Setenv("LABELCTL_URL", "http://"+httpAddr)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"wait-demo": waitDemo, "wait-state": waitState, "endpoint": endpoint, "wait-notice": waitNotice, "log-size": logSize, "ids": ids},
	})
}

// freeAddress returns an address that is free, below the ports that systems give
// to clients: one of those could take it before the demo does.
func freeAddress() (string, error) {
	var err error
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", err
}

func waitDemo(ts *testscript.TestScript, _ bool, _ []string) {
	const camera = "09522104000171"
	url := fmt.Sprintf("http://%s/01/%s", ts.Getenv("HTTP"), camera)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(url)
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK { // redirected to the label
			ts.Setenv("ID", path.Base(resp.Request.URL.Path))
			return
		}
	}
	ts.Fatalf("no label is at %s", url)
}

func waitState(ts *testscript.TestScript, _ bool, args []string) {
	url := fmt.Sprintf("http://%s/l/%s.json", ts.Getenv("HTTP"), ts.Getenv("ID"))
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(url)
		if err != nil {
			continue
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && strings.Contains(string(b), `"state":"`+args[0]+`"`) {
			return
		}
	}
	ts.Fatalf("the label at %s never was %s", url, args[0])
}

func logSize(ts *testscript.TestScript, _ bool, args []string) {
	resp, err := http.Get(fmt.Sprintf("http://%s/log/checkpoint", ts.Getenv("HTTP")))
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	var origin string
	var size, more int64
	_, err = fmt.Sscan(string(b), &origin, &size)
	ts.Check(err)
	_, err = fmt.Sscan(args[1], &more)
	ts.Check(err)
	ts.Setenv(args[0], fmt.Sprint(size+more))
}

func endpoint(ts *testscript.TestScript, _ bool, _ []string) {
	got := make(chan string, 64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Webhook-Signature") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		got <- string(b)
	}))
	ts.Defer(server.Close)
	ts.Setenv("HOOK", server.URL)
	received.Store(server.URL, got)
}

// received are the channels of what endpoints got, by their address.
var received sync.Map

func waitNotice(ts *testscript.TestScript, _ bool, args []string) {
	got, ok := received.Load(ts.Getenv("HOOK"))
	if !ok || len(args) != 1 {
		ts.Fatalf("usage: endpoint, then wait-notice KIND")
	}
	for {
		select {
		case event := <-got.(chan string):
			if strings.Contains(event, `"type":"dev.labeld.`+args[0]+`"`) {
				return
			}
		case <-time.After(20 * time.Second):
			ts.Fatalf("no notice of the kind %s came", args[0])
		}
	}
}

func ids(ts *testscript.TestScript, _ bool, _ []string) {
	var list struct {
		Trails []struct {
			Refusal, Appeal struct{ ID string }
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &list))
	if len(list.Trails) == 0 {
		ts.Fatalf("there is no trail")
	}
	ts.Setenv("REFUSAL", list.Trails[0].Refusal.ID)
	ts.Setenv("APPEAL", list.Trails[0].Appeal.ID)
}
