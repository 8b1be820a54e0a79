package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"labeld/internal/art"
	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/locale"
	"labeld/internal/meter"
	"labeld/internal/notice"
	"labeld/internal/qr"
	"labeld/internal/rpc"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
	"labeld/internal/web"
)

// drain is how long calls under way may take to finish when the daemon ends.
const drain = 15 * time.Second

// Options are what a daemon is given besides its configuration.
type Options struct {
	Passphrase envelope.Passphrase // for encrypted keys
	Log        *slog.Logger
	Clock      func() time.Time // time.Now where nil

	// Elapsed is the time that has passed by a clock that nobody sets: the
	// machine's where nil. Who gives a Clock gives this too.
	Elapsed func() time.Duration

	// Memory is called now and then with the size of the log, by which the process may
	// set its limit of memory. Optional.
	Memory func(entries int64)
}

// A Daemon is a label service, listening.
type Daemon struct {
	Authority *authority.Authority
	HTTP      string // address the HTTP side listens on
	GRPC      string // address the gRPC side listens on
	URL       string // base URL on labels

	store      *store.Store
	rpc        *rpc.Server
	notices    *notice.Deliverer
	pages      *web.Handler
	front      *front
	http       *http.Server
	httpListen net.Listener
	grpcListen net.Listener
	memory     func(entries int64)
	log        *slog.Logger
}

// Open opens a programme that Init made and begins to listen. Nothing is
// answered before Serve.
func Open(ctx context.Context, c *Config, o Options) (d *Daemon, err error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	d = &Daemon{log: o.Log, memory: o.Memory}
	if d.memory == nil {
		d.memory = func(int64) {}
	}
	d.memory(0)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.release())
		}
	}()
	programme, err := c.programme()
	if err != nil {
		return d, err
	}
	words, err := locale.Load(c.data(), programme)
	if err != nil {
		return d, err
	}
	for _, text := range words.Outdated() {
		d.log.Warn("a translation is older than the sentence that it translates", "what", text)
	}
	studio, err := art.Load(c.data(), words)
	if err != nil {
		return d, err
	}
	tlsConfig, err := c.tls()
	if err != nil {
		return d, err
	}
	if err := d.listen(c); err != nil {
		return d, err
	}
	if err := d.openAuthority(ctx, c, o, programme); err != nil {
		return d, err
	}
	d.notices, err = notice.New(notice.Config{
		Outbox: d.Authority.Outbox(), Source: d.URL, AllowPrivate: c.PrivateWebhooks, Clock: d.Authority.Now, Log: o.Log,
	})
	if err != nil {
		return d, err
	}
	draw := func(id label.ID) (*qr.Code, error) { return qr.New(qr.Payload(d.URL, id)) }
	if c.behindProxy() && c.ClientHeader == "" {
		o.Log.Warn("the HTTP side listens on loopback and its address is another one's: where a proxy stands in between, name the header in which it says whom it asks for (client_header), or all people share one client's allowance")
	}
	clients, purse := meter.NewClients(c.ClientHeader, o.Log), meter.New(0, c.Limits.Calls*rpc.CallUnits)
	d.rpc = rpc.New(d.Authority, draw, tlsConfig, rpc.Limits{Clients: clients, Meter: purse}, o.Log)
	d.pages, err = web.New(web.Config{Authority: d.Authority, Base: d.URL, Log: o.Log, Clients: clients, Meter: purse, Art: studio, Words: words})
	if err != nil {
		return d, err
	}
	d.front = &front{pages: d.pages, d: d}
	d.http = &http.Server{
		Handler: d.front, TLSConfig: tlsConfig,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return d, nil
}

// openAuthority opens the database of a programme and the authority on top of it.
func (d *Daemon) openAuthority(ctx context.Context, c *Config, o Options, programme *scheme.Programme) error {
	trust, err := c.trust(ctx, d.URL, programme)
	if err != nil {
		return err
	}
	issuer, err := c.issuer(ctx, o.Passphrase, trust)
	if err != nil {
		return err
	}
	for _, key := range []string{c.LabelKey, c.Log.Key} {
		if envelope.Exposed(c.path(key)) {
			d.log.Warn("others on this machine may read a private key; chmod 600 keeps it to the service", "file", c.path(key))
		}
	}
	if d.store, err = store.Open(c.dir); err != nil {
		return err
	}
	if path := store.Path(c.dir); envelope.Exposed(path) {
		d.log.Warn("others on this machine may read or write the database; chmod 600 keeps it to the service", "file", path)
	}
	if err := d.store.View(func(v *store.View) error { return checkOrigin(v, c) }); err != nil {
		return err
	}
	readOnly, err := d.keepHeads(c, trust)
	if err != nil {
		return err
	}
	if readOnly != nil {
		d.log.Error("the service is read-only", "why", readOnly)
	}
	if err := d.identify(c, trust, programme, readOnly != nil, o.Clock()); err != nil {
		return err
	}
	audiences := c.Audiences
	if len(audiences) == 0 {
		audiences = []string{d.GRPC}
	}
	d.Authority, err = authority.New(authority.Config{
		Store: d.store, Programme: programme, Issuer: issuer, Trust: trust,
		Audiences: audiences, PrivateWebhooks: c.PrivateWebhooks, Clock: o.Clock, Elapsed: o.Elapsed, ReadOnly: readOnly, Log: o.Log,
		Quotas: c.Limits.quotas(), Space: func() (int64, error) { return store.Free(c.dir) }, Reserve: int64(c.Limits.ReserveMiB) << 20,
		Signers: c.Limits.Signatures,
	})
	return err
}

// listen takes both addresses. A base URL with port 0 gets the port that the
// HTTP side was given.
func (d *Daemon) listen(c *Config) (err error) {
	files, err := openFiles()
	if err != nil {
		return err
	}
	pages, calls, err := shares(files)
	if err != nil {
		return err
	}
	l, err := listen("http", c.HTTP)
	if err != nil {
		return err
	}
	d.httpListen = newBounded(l, pages, "http", d.log)
	if l, err = listen("grpc", c.GRPC); err != nil {
		return err
	}
	d.grpcListen = newBounded(l, calls, "grpc", d.log)
	d.HTTP, d.GRPC, d.URL = d.httpListen.Addr().String(), d.grpcListen.Addr().String(), c.URL
	if host, ok := strings.CutSuffix(c.URL, ":0"); ok {
		_, port, err := net.SplitHostPort(d.HTTP)
		if err != nil {
			return err
		}
		d.URL = host + ":" + port
	}
	return nil
}

// listen listens on an address that the configuration has under a name.
func listen(name, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: another program listens on %s; name another address in labeld.yaml (%[1]s: host:port), or end that program", name, addr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// checkOrigin refuses a log that goes by another name than it was made with.
func checkOrigin(v *store.View, c *Config) error {
	if o := v.Origin(); o != c.Log.Origin {
		return fmt.Errorf("log.origin: the database is of log %q, the configuration says %q; an origin is fixed for ever", o, c.Log.Origin)
	}
	return nil
}

// Serve answers until ctx ends, then drains: health turns to not serving,
// listeners close, calls under way finish, the last batch is committed. It ends by
// itself, with an error, when a commit failed that may be on disk or not: who
// supervises the process starts another.
func (d *Daemon) Serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.rpc.Serve(d.grpcListen) })
	g.Go(func() error {
		l := d.httpListen
		if d.http.TLSConfig != nil {
			l = tls.NewListener(l, d.http.TLSConfig)
		}
		if err := d.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		return settleMemory(ctx, d.store, d.log, func() { d.memory(d.Authority.LogSize()) })
	})
	g.Go(func() error { return d.tellReady(ctx) })
	g.Go(func() error {
		err := d.store.Await(ctx)
		if err != nil {
			d.log.Error("the service ends, and must be started anew", "err", err)
		}
		return err
	})
	if d.Authority.ReadOnly() == nil {
		g.Go(func() error { return d.notices.Run(ctx) })
	}
	g.Go(func() error { return d.pages.Follow(ctx) })
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		d.log.Info("draining")
		d.rpc.Drain(end)
		return d.http.Shutdown(end)
	})
	err := g.Wait()
	return errors.Join(err, d.release())
}

// Close lets go of a daemon that is not served.
func (d *Daemon) Close() error { return d.release() }

// release lets go of everything that was opened.
func (d *Daemon) release() error {
	if d.Authority != nil {
		d.Authority.Close()
	}
	var errs []error
	for _, l := range []net.Listener{d.httpListen, d.grpcListen} {
		if l == nil {
			continue
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	return errors.Join(errs...)
}

// Check verifies a programme that is not being served: every page, hash, index
// and signature, and that its log continues the head that was served last, where
// there is a head file, and the newest of those given. It reports each problem, and
// needs no private key. A configuration that is not that of the database is an error,
// and no problem of the database.
func Check(ctx context.Context, c *Config, against []store.KeptHead, watch store.Watch) error {
	programme, err := c.programme()
	if err != nil {
		return err
	}
	trust, err := c.trust(ctx, c.URL, programme)
	if err != nil {
		return err
	}
	s, err := store.OpenReadOnly(c.dir)
	if err != nil {
		return err
	}
	err = s.View(func(v *store.View) error { return checkConfigured(v, c, trust, programme) })
	if err == nil {
		err = checkHeads(s, c, trust, against, watch)
	}
	if err == nil {
		err = authority.Check(ctx, s, trust, programme, watch)
	}
	return errors.Join(err, s.Close())
}

// checkConfigured refuses a configuration that is not that of a database. Damaged
// records are left to the check.
func checkConfigured(v *store.View, c *Config, trust *verify.Trust, p *scheme.Programme) error {
	err := checkOrigin(v, c)
	if err == nil {
		_, _, err = checkServed(v, c, trust, p, time.Now())
	}
	if _, damaged := errors.AsType[*store.Damage](err); damaged {
		return nil
	}
	return err
}

// checkHeads reports what of the log heads the log does not continue.
func checkHeads(s *store.Store, c *Config, trust *verify.Trust, against []store.KeptHead, watch store.Watch) error {
	var trees []translog.Tree
	if len(against) > 0 {
		tree, _, err := newestHead(against, trust)
		if err != nil {
			return fmt.Errorf("what the database is to be held against is no log head: %w", err)
		}
		trees = append(trees, tree)
	}
	if path := c.path(c.Log.Head); exists(path) {
		tree, _, err := readHeads(path, trust)
		if err != nil {
			watch.Problem(err.Error())
		} else {
			trees = append(trees, tree)
		}
	} else {
		watch.Note("There is no file " + path + ", which keeps the newest head that was served: whether the database is an older copy is not known by it. Give a head that others have by --against.")
	}
	return s.View(func(v *store.View) error {
		for _, tree := range trees {
			if err := v.Extends(tree); err != nil {
				watch.Problem(err.Error())
			}
		}
		return nil
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
