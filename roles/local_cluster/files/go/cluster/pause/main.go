// Copyright (c) 2026, the llmops.vllm contributors
// SPDX-License-Identifier: Apache-2.0

// The process that holds a pod's namespaces: it waits for the signal to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
}
