// The same job on Go's package net: one goroutine for each connection, as Go means it. Run as `go MODE`; modes and first line
// of output are those of epoll.c.
//
// A goroutine that waits for room to send reads nothing meanwhile. One processor runs all of them: every server has one
// thread for its sockets.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"unsafe"
)

const receiveBytes = 64 * 1024

// Most bytes queued for one slow receiver of broadcasts.
const mostPendingBytes = 16 * 1024 * 1024

var mode = "echo"

var greeting = []byte("!")

// Connections come and go faster than memory that must be zeroed.
var buffers = sync.Pool{New: func() any { return new([receiveBytes]byte) }}

func serve(connection net.Conn) {
	defer connection.Close()
	if mode != "echo" {
		if _, err := connection.Write(greeting); err != nil {
			return
		}
	}
	if mode == "broadcast" {
		receiver := join(connection)
		defer receiver.leave()
	}
	buffer := buffers.Get().(*[receiveBytes]byte)
	defer buffers.Put(buffer)
	for {
		length, err := connection.Read(buffer[:])
		if err != nil {
			return
		}
		if mode == "storm" && length > 1 {
			sleepWithAll(int64(length))
		}
		if mode == "broadcast" {
			relay(connection, buffer[:length])
		} else if _, err := connection.Write(buffer[:length]); err != nil {
			return
		}
	}
}

// Sleeps as a callback of the others does: nothing else runs meanwhile. A sleep that Go knows of, or that its signal for
// overdue goroutines ends, would let the others go on.
//
//go:nosplit
func sleepWithAll(ms int64) {
	const block, unblock = 0, 1
	urgent := uint64(1) << (syscall.SIGURG - 1)
	duration := syscall.Timespec{Sec: ms / 1_000, Nsec: ms % 1_000 * 1_000_000}
	signals := uintptr(unsafe.Pointer(&urgent))
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, block, signals, 0, 8, 0, 0)
	syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&duration)), 0, 0)
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, unblock, signals, 0, 8, 0, 0)
}

// One that is told what the others say. What the kernel does not take at once waits in `queue`.
type receiver struct {
	connection   net.Conn
	mutex        sync.Mutex
	isThere      *sync.Cond
	queue        [][]byte
	pendingBytes int
	isGone       bool
}

var receiversMutex sync.Mutex
var receivers = map[net.Conn]*receiver{}

func join(connection net.Conn) *receiver {
	joined := &receiver{connection: connection}
	joined.isThere = sync.NewCond(&joined.mutex)
	receiversMutex.Lock()
	receivers[connection] = joined
	receiversMutex.Unlock()
	go joined.sendAll()
	return joined
}

func (r *receiver) leave() {
	receiversMutex.Lock()
	delete(receivers, r.connection)
	receiversMutex.Unlock()
	r.mutex.Lock()
	r.isGone = true
	r.mutex.Unlock()
	r.isThere.Signal()
}

func (r *receiver) sendAll() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for {
		for len(r.queue) == 0 && !r.isGone {
			r.isThere.Wait()
		}
		if r.isGone {
			return
		}
		message := r.queue[0]
		r.queue = r.queue[1:]
		r.mutex.Unlock()
		_, err := r.connection.Write(message)
		r.mutex.Lock()
		r.pendingBytes -= len(message)
		if err != nil {
			return
		}
	}
}

func (r *receiver) push(message []byte) {
	r.mutex.Lock()
	r.queue = append(r.queue, message)
	r.pendingBytes += len(message)
	isTooMuch := r.pendingBytes > mostPendingBytes
	r.mutex.Unlock()
	r.isThere.Signal()
	if isTooMuch {
		r.connection.Close()
	}
}

func relay(from net.Conn, data []byte) {
	message := append([]byte(nil), data...)
	receiversMutex.Lock()
	defer receiversMutex.Unlock()
	for connection, receiver := range receivers {
		if connection != from {
			receiver.push(message)
		}
	}
}

func collectOnSignal() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	for range asked {
		runtime.GC()
		debug.FreeOSMemory()
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	// TCP_NODELAY is what package net sets by itself.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go collectOnSignal()
	fmt.Printf("{\"port\":%d,\"version\":\"Go %s\"}\n", listener.Addr().(*net.TCPAddr).Port, runtime.Version()[2:])
	for {
		connection, err := listener.Accept()
		if err != nil {
			continue
		}
		go serve(connection)
	}
}
