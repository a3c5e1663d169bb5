import Foundation
/// Doc.
public class K<T>: Base, P {
  let a: Int = 1
  init(x: Int) { super.init() }
  func m(_ x: String) throws -> Int { foo(x); x.bar(1); return Foo() }
}
struct S { }
enum E { case a, b(Int) }
protocol P { func n() }
extension K { func e() {} }
typealias T = Int
func top() {}
let c = 1
actor A {}
