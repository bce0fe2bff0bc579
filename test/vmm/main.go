// A stand-in for a virtual machine monitor: a process with threads that are named as those of a real one. It runs no guest.
// What it is taken for is decided by the name of its file, so tests copy it.
//
//	vmm STYLE VCPUS [HELPERS]   STYLE is qemu, cloud-hypervisor or firecracker; HELPERS processes are started beside it
//
// It prints "ready" when all its threads have their names. SIGUSR1 starts one more vCPU thread, SIGUSR2 ends the last one; both
// print "done". It ends at SIGTERM, and when its standard input closes.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

const prSetName = 15

var styles = map[string]struct{ vcpu, other string }{
	"qemu":             {"CPU %d/TCG", "IO iothread%d"},
	"cloud-hypervisor": {"vcpu%d", "_disk%d_q0"},
	"firecracker":      {"fc_vcpu %d", "fc_api%d"},
}

func nameThread(name string) {
	text := append([]byte(name), 0)
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetName, uintptr(unsafe.Pointer(&text[0])), 0)
}

// The first thread keeps the name of the program.
func init() { runtime.LockOSThread() }

// Starts a thread of this name; it ends when the channel is closed.
func startThread(name string) chan struct{} {
	named, end := make(chan struct{}), make(chan struct{})
	go func() {
		// A goroutine that ends without unlocking takes its thread with it.
		runtime.LockOSThread()
		nameThread(name)
		close(named)
		<-end
	}()
	<-named
	return end
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "helper" {
		nameThread("virtiofsd")
		io.Copy(io.Discard, os.Stdin)
		return
	}
	style, known := styles[os.Args[1]]
	vcpus, err := strconv.Atoi(os.Args[2])
	if !known || err != nil {
		fmt.Fprintln(os.Stderr, "vmm: no such style or number")
		os.Exit(2)
	}
	startThread(fmt.Sprintf(style.other, 0))
	var running []chan struct{}
	for i := 0; i < vcpus; i++ {
		running = append(running, startThread(fmt.Sprintf(style.vcpu, i)))
	}
	if len(os.Args) > 3 {
		helpers, _ := strconv.Atoi(os.Args[3])
		for i := 0; i < helpers; i++ {
			helper := exec.Command("/proc/self/exe", "helper")
			if _, err := helper.StdinPipe(); err != nil {
				panic(err)
			}
			if err := helper.Start(); err != nil {
				panic(err)
			}
		}
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		signals <- syscall.SIGTERM
	}()
	fmt.Println("ready")
	for received := range signals {
		switch received {
		case syscall.SIGUSR1:
			running = append(running, startThread(fmt.Sprintf(style.vcpu, len(running))))
		case syscall.SIGUSR2:
			close(running[len(running)-1])
			running = running[:len(running)-1]
		default:
			return
		}
		fmt.Println("done")
	}
}
