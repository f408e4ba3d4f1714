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

  /// The largest resident memory of the process so far, in MiB.
  public static var peakMemoryMiB: Double {
    var usage = rusage()
    #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
    #else
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
    #endif
  }
}
