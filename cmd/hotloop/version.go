package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"hotloop/site"
)

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			assets := "with the web assets"
			if !site.AssetsBuilt() {
				assets = `without the web assets: "make assets" builds them`
			}
			_, err := fmt.Fprintf(a.stdout, "hotloop %s\n%s %s/%s, %s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, assets)
			return err
		},
	}
}

// version is the module's version, else the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel " + s.Value[:12]
		}
	}
	return "devel"
}
