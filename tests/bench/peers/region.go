// SPDX-License-Identifier: MIT

// region.go - the marked loop with Go's runtime/trace: region PAIRS FILE
//
// Prints nanoseconds a region, when it has done so many: the median of 40 slices.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/trace"
	"sort"
	"strconv"
	"time"
)

const slices = 40

func main() {
	pairs, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	out, err := os.Create(os.Args[2])
	if err != nil {
		panic(err)
	}
	if err := trace.Start(out); err != nil {
		panic(err)
	}
	ctx, took := context.Background(), make([]float64, slices)
	pairs /= slices
	for s := range took {
		begin := time.Now()
		for i := 0; i < pairs; i++ {
			trace.StartRegion(ctx, "work").End()
		}
		took[s] = float64(time.Since(begin).Nanoseconds()) / float64(pairs)
	}
	trace.Stop()
	sort.Float64s(took)
	fmt.Printf("%.1f\n", took[slices/2])
}
