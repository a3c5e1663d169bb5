package a.b
import a.c.{D, E => F}
import x.y._
/** Doc. */
class K[T](a: Int) extends Base(a) with I {
  val p = 1
  def m(x: String): Int = { foo(x); x.bar(1); new Foo(1) }
}
trait I { def n(): Unit }
object O { def z = 1 }
case class C(a: Int)
type T = Int
enum Col { case Red }
