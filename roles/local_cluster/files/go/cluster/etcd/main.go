// Copyright (c) 2026, the llmops.vllm contributors
// SPDX-License-Identifier: Apache-2.0

// etcd, whose own main package cannot be built from outside its repository.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
