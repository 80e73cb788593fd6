package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"hotloop/site"
)

const defaultAddress = "127.0.0.1:3999"

type serveOptions struct {
	address      string
	open, noOpen bool
}

func newServeCmd(a *app) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the site to your browser",
		Long: `Serve the site on this machine, with the workspace's files: what you save in your editor shows in the page,
and the other way round. It makes the workspace if there is none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.address, "http", defaultAddress, "`ADDRESS` to listen on; loopback only")
	cmd.Flags().BoolVar(&o.open, "open", false, "open a browser (the default on a desktop's terminal)")
	cmd.Flags().BoolVar(&o.noOpen, "no-open", false, "open no browser")
	cmd.MarkFlagsMutuallyExclusive("open", "no-open")
	a.sandboxFlag(cmd)
	return cmd
}

// serve runs until ctx ends, and then until nothing of a run is left.
func (a *app) serve(ctx context.Context, o serveOptions) error {
	if err := checkAddress(o.address); err != nil {
		return err
	}
	if err := a.promise(ctx, true); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		return listenError(ctx, o.address, err)
	}
	defer listener.Close() // it is closed already once the server ran
	handler, err := a.site()
	if err != nil {
		return err
	}
	runs, err := a.runner()
	if err != nil {
		return err
	}
	runs.Warm() // readers of lessons run blocks
	defer runs.Close()
	go func() {
		if err := runs.Prepare(ctx); err != nil && ctx.Err() == nil {
			a.warn(err) // the runs that meet it will say so, too
		}
	}()
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(a.stderr, "hotloop: serving %s (Ctrl-C ends it)\n", url)
	if o.open || !o.noOpen && a.onDesktop() {
		if err := openBrowser(url); err != nil {
			a.warn(fmt.Errorf("opening a browser: %w", err))
		}
	}

	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(a.logHandler(), slog.LevelWarn)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving %s: %w", url, err)
	case <-ctx.Done():
	}
	fmt.Fprintln(a.stderr, "hotloop: stopping")
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := errors.Join(handler.Shutdown(patience), server.Shutdown(patience)); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}

// site puts the site together.
func (a *app) site() (*site.Server, error) {
	catalog, err := a.catalog()
	if err != nil {
		return nil, err
	}
	library, err := a.library()
	if err != nil {
		return nil, err
	}
	w, err := a.makeWorkspace("")
	if err != nil {
		return nil, err
	}
	history, err := a.openHistory(w)
	if err != nil {
		return nil, err
	}
	return site.New(site.Config{
		Lessons: library, Exercises: catalog, Workspace: w, Run: a.run, Diagnose: a.diagnose, History: history,
		Logger: slog.New(a.logHandler()), Version: version(),
	})
}

func (a *app) logHandler() slog.Handler {
	return slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})
}

// checkAddress refuses addresses that others can reach: this program runs code, and nothing isolates it here.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return &toldError{fmt.Sprintf("%q is no address to listen on", address), "an address is HOST:PORT, as in --http " + defaultAddress}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return &toldError{fmt.Sprintf("%q is no port", port), "ports are numbers from 0 to 65535; 0 takes any that is free"}
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return &toldError{fmt.Sprintf("%s can be reached by others, and whoever reaches this page can run programs as you", address),
		fmt.Sprintf("listen on this machine only: --http 127.0.0.1:%s", port)}
}

// listenError says who has the port, and how to ask for another.
func listenError(ctx context.Context, address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return &toldError{fmt.Sprintf("listening on %s: %v", address, err), "choose another address: --http 127.0.0.1:4000"}
	}
	_, port, _ := net.SplitHostPort(address)
	other := "127.0.0.1:4000"
	if n, err := strconv.Atoi(port); err == nil && n != 3999 && n < 65535 {
		other = fmt.Sprintf("127.0.0.1:%d", n+1)
	}
	if served, ok := askHotloop(ctx, address); ok {
		return &toldError{fmt.Sprintf("port %s is in use by another hotloop, with the workspace %s", port, served),
			fmt.Sprintf("open http://%s, or try --http %s", address, other)}
	}
	return &toldError{fmt.Sprintf("port %s is in use", port), "try --http " + other}
}

// askHotloop asks whoever listens on address whether it is a hotloop, and which workspace it serves.
func askHotloop(ctx context.Context, address string) (workspace string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return "", false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var health struct{ Name, Workspace string }
	err = json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 1<<16)).Decode(&health)
	return health.Workspace, err == nil && health.Name == "hotloop"
}

// onDesktop says whether a person sits at this machine's own screen.
func (a *app) onDesktop() bool {
	if !isTerminal(a.stdout) || os.Getenv("SSH_CONNECTION") != "" {
		return false
	}
	switch runtime.GOOS {
	case "darwin", "windows":
		return true
	}
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

func openBrowser(url string) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", url)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	default:
		cmd = exec.Command("xdg-open", url)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // it may live as long as the browser does
	return nil
}
