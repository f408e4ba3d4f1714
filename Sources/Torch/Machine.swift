// SPDX-License-Identifier: Apache-2.0
import CTorch
import Foundation

/// Facts and switches of the process's numerical engine.
public enum Machine {
  /// libtorch's version, such as "2.13.0".
  public static var libtorchVersion: String { String(cString: ct_version()) }

  /// Threads an operation may use when called from this thread.
  public static var threadCount: Int {
    get { Int(ct_thread_count()) }
    set { ct_set_thread_count(Int32(newValue)) }
  }

  /// Threads a kernel of the shim takes: as many, or 1 where the pool of libtorch's OpenMP library cannot be entered.
  static var kernelThreadCount: Int { Int(ct_kernel_thread_count()) }

  /// The largest resident memory of the process so far, in MiB.
  public static var peakMemoryMiB: Double {
    #if canImport(Darwin)
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
    #else
    // `getrusage` starts at what the parent process held when it started this one; the kernel's own high-water
    // mark does not.
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap {
      Double($0)
    }
    return (kibibytes ?? 0) / 1024
    #endif
  }
}
