package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"time"

	"github.com/containers/common/pkg/hooks"
	rspec "github.com/opencontainers/runtime-spec/specs-go"
)

// inject does what an engine does for one container: load, match, write.
func inject(directories []string, configPath string, out io.Writer) error {
	manager, config, err := load(directories, configPath)
	if err != nil {
		return err
	}
	if _, err := manager.Hooks(config, config.Annotations, false); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(config)
}

type measurement struct {
	Evaluations     int     `json:"evaluations"`
	NsPerEvaluation float64 `json:"nsPerEvaluation"`
	Injected        int     `json:"injected"` // entries added by one evaluation, so that both sides can show equal work
}

// bench evaluates one container again and again against definitions that are loaded once.
func bench(directories []string, configPath string, duration time.Duration, out io.Writer) error {
	manager, config, err := load(directories, configPath)
	if err != nil {
		return err
	}
	evaluate := func() error {
		config.Hooks = nil
		_, err := manager.Hooks(config, config.Annotations, false)
		return err
	}
	// One evaluation beforehand: pages and caches are warm on both sides.
	if err := evaluate(); err != nil {
		return err
	}
	m := measurement{Injected: count(config.Hooks)}
	start := time.Now()
	for m.Evaluations == 0 || time.Since(start) < duration {
		if err := evaluate(); err != nil {
			return err
		}
		m.Evaluations++
	}
	m.NsPerEvaluation = float64(time.Since(start).Nanoseconds()) / float64(m.Evaluations)
	return json.NewEncoder(out).Encode(m)
}

func load(directories []string, configPath string) (*hooks.Manager, *rspec.Spec, error) {
	manager, err := hooks.New(context.Background(), directories, nil)
	if err != nil {
		return nil, nil, err
	}
	content, err := os.ReadFile(configPath)
	if err != nil {
		return nil, nil, err
	}
	var config rspec.Spec
	if err := json.Unmarshal(content, &config); err != nil {
		return nil, nil, err
	}
	return manager, &config, nil
}

func count(h *rspec.Hooks) int {
	if h == nil {
		return 0
	}
	return len(h.Prestart) + len(h.CreateRuntime) + len(h.CreateContainer) +
		len(h.StartContainer) + len(h.Poststart) + len(h.Poststop)
}
