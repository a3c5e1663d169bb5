using System.Text;
using static System.Math;
using A = B.C;
namespace N.M {
  /// <summary>Doc.</summary>
  [Attr]
  public class K<T> : Base, IFoo where T : new() {
    private int f;
    public const int C = 1;
    public int P { get; set; }
    public K(int a) : base(a) { }
    public async Task<int> Run(string s) { await Foo(s); new Bar(); x.Baz<int>(1); return 1; }
    public event Handler Ev;
    public static K operator +(K a, K b) => a;
  }
  interface IFoo { void M(); }
  struct S { }
  enum E { A }
  record R(int A);
  delegate void D(int a);
}
