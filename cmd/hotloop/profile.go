package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hotloop/runner"
	"hotloop/runner/executor"
	"hotloop/runner/report"
)

func newProfileCmd(a *app) *cobra.Command {
	var o profileOptions
	cmd := &cobra.Command{
		Use:   "profile [SLUG]",
		Short: "Show which of your lines spend the time and the memory",
		Long: `Test, then run the exercise's timed benchmarks under a profile of CPU time, and again while each
allocation is counted; benchmarks that read their live heap also show what is still in use. The naive
version is profiled beside yours. The profiles are kept as files that "go tool pprof" opens.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeSlugs(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.profile(cmd, args, o)
		},
	}
	outputFlag(cmd, &o.format)
	a.sandboxFlag(cmd)
	cmd.Flags().StringVar(&o.bench, "bench", "", "profile the benchmark `NAME` alone, timed or not")
	cmd.Flags().StringVar(&o.keep, "keep", "", "keep the .pb.gz files in `DIR`, not in the workspace's .hotloop/profiles/SLUG")
	cmd.Flags().Uint64Var(&o.seed, "seed", 0, "repeat the random inputs of the run whose report has this `SEED`")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "steps, passed subtests and the whole output of failed tests, too")
	_ = cmd.MarkFlagDirname("keep")
	return cmd
}

type profileOptions struct {
	format, bench, keep string
	seed                uint64
	verbose             bool
}

func (a *app) profile(cmd *cobra.Command, args []string, o profileOptions) error {
	r, err := a.toRun(cmd.Context(), args, o.format, o.verbose)
	if err != nil {
		return err
	}
	if o.keep == "" {
		o.keep = r.workspace.Profiles(r.exercise.Slug)
	}
	keeper := &profileKeeper{dir: o.keep}
	job := runner.Job{Goal: executor.Profile, Seed: o.seed, Bench: o.bench}
	rep, err := a.attempt(cmd.Context(), r.workspace, r.exercise, job, report.Tee(keeper, r.out))
	if errors.Is(err, runner.ErrNoBenchmark) {
		return &toldError{err.Error(), "--bench takes the name without Benchmark, as in BenchmarkNAME"}
	}
	if err != nil {
		return err
	}
	if keeper.kept != "" {
		fmt.Fprintf(a.stderr, "hotloop: the profiles are in %s; go tool pprof -http=: %s\n", keeper.dir, keeper.kept)
	}
	return &verdictError{rep.Verdict}
}

// A profileKeeper writes the profiles of a run into a folder.
type profileKeeper struct {
	dir  string
	kept string // the file that was written first: yours, CPU time
}

func (k *profileKeeper) Handle(e report.Event) error {
	if e.Pprof == nil {
		return nil
	}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return fmt.Errorf("making a folder for profiles: %w", err)
	}
	file := filepath.Join(k.dir, filepath.Base(e.Pprof.Name()))
	if err := os.WriteFile(file, e.Pprof.Data, 0o644); err != nil {
		return fmt.Errorf("keeping a profile: %w", err)
	}
	if k.kept == "" || e.Pprof.Variant == "yours" && e.Pprof.Kind == report.CPU {
		k.kept = file
	}
	return nil
}
