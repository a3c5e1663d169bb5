package zoo;

import java.util.List;
import static zoo.Names.*;

/**
 * Feeds animals.
 */
@Service
public class Keeper extends Person implements Runnable, Feeds<Food> {
  public static final int MOST = 3;
  private int count;

  // Does it.
  @Override
  public void run(String name) throws Hungry {
    new Bowl(name).fill(count);
    List<Food> all = new ArrayList<>();
  }

  Keeper() { super(); }

  enum Size { SMALL, LARGE }

  interface Feeds<T> { void feed(T what); }

  record Pair(int a, int b) {}

  @interface Mark {}
}
