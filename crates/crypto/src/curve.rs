//! The Stark curve y^2 = x^3 + x + beta over the field, in affine and Jacobian coordinates.

use std::sync::LazyLock;

use novation_field::{batch_inverse, Fe};

/// The number of points, in little-endian 64-bit limbs; it is prime.
pub const ORDER: [u64; 4] =
    [0x1e66_a241_adc6_4d2f, 0xb781_126d_cae7_b232, 0xffff_ffff_ffff_ffff, 0x0800_0000_0000_0010];

/// The constant term of the curve equation; the linear coefficient is one.
pub static BETA: LazyLock<Fe> =
    LazyLock::new(|| constant("6f21413efbe40de150e596d72f7a8c5609ad26c15c915c1f4cdfcb99cee9e89"));

/// The generator of signatures.
pub static GENERATOR: LazyLock<Affine> = LazyLock::new(|| Affine {
    x: constant("1ef15c18599971b7beced415a40f0c7deacfd9b0d1819e03d723d8bc943cfca"),
    y: constant("5668060aa49730b7be4801df46ec62de53ecd11abe43a32873000c36e8dc1f"),
});

/// The point from which the arithmetisation starts its sums, so that none begins at infinity.
pub static SHIFT_POINT: LazyLock<Affine> = LazyLock::new(|| Affine {
    x: constant("49ee3eba8c1600700ee1b87eb599f16716b0b1022947733551fde4050ca6804"),
    y: constant("3ca0cfe4b3bc6ddf346d49d06ea0ed34e621062c0e056c1d0405d266e10268a"),
});

/// `2^i * GENERATOR` for i up to 251.
pub static GENERATOR_DOUBLINGS: LazyLock<Vec<Affine>> =
    LazyLock::new(|| doublings(*GENERATOR, 252));

fn constant(hex: &str) -> Fe {
    Fe::from_hex(hex).expect("a constant of the curve is a field element")
}

/// A finite point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Affine {
    /// The abscissa.
    pub x: Fe,
    /// The ordinate.
    pub y: Fe,
}

impl Affine {
    /// The point with this abscissa and one of its two ordinates, or `None` if there is none.
    pub fn from_x(x: Fe) -> Option<Self> {
        let y = (x.square() * x + x + *BETA).sqrt()?;
        Some(Self { x, y })
    }

    /// Whether the coordinates satisfy the curve equation.
    pub fn is_on_curve(&self) -> bool {
        self.y.square() == self.x.square() * self.x + self.x + *BETA
    }

    /// The point mirrored at the abscissa axis.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { x: self.x, y: -self.y }
    }
}

/// A point (x / z^2, y / z^3), at infinity if z is zero.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian {
    x: Fe,
    y: Fe,
    z: Fe,
}

impl From<Affine> for Jacobian {
    fn from(point: Affine) -> Self {
        Self { x: point.x, y: point.y, z: Fe::ONE }
    }
}

impl Jacobian {
    /// The neutral element.
    pub const INFINITY: Self = Self { x: Fe::ONE, y: Fe::ONE, z: Fe::ZERO };

    /// Whether this is the neutral element.
    pub fn is_infinity(&self) -> bool {
        self.z.is_zero()
    }

    /// Whether the abscissa of a finite point equals `x`.
    pub fn has_x(&self, x: Fe) -> bool {
        self.x == x * self.z.square()
    }

    /// The affine form, or `None` at infinity.
    pub fn to_affine(&self) -> Option<Affine> {
        let inverse = self.z.inverse()?;
        let square = inverse.square();
        Some(Affine { x: self.x * square, y: self.y * square * inverse })
    }

    /// Twice the point. The curve has no point of order two, so y is never zero.
    #[must_use]
    pub fn double(&self) -> Self {
        let yy = self.y.square();
        let s = (self.x * yy).double().double();
        let xx = self.x.square();
        let m = xx.double() + xx + self.z.square().square();
        let x = m.square() - s.double();
        let y = m * (s - x) - yy.square().double().double().double();
        Self { x, y, z: (self.y * self.z).double() }
    }

    /// The sum with a finite point.
    #[must_use]
    pub fn add_affine(&self, other: &Affine) -> Self {
        if self.is_infinity() {
            return (*other).into();
        }
        let zz = self.z.square();
        let h = other.x * zz - self.x;
        let r = other.y * zz * self.z - self.y;
        if h.is_zero() {
            return if r.is_zero() { self.double() } else { Self::INFINITY };
        }
        let hh = h.square();
        let hhh = hh * h;
        let v = self.x * hh;
        let x = r.square() - hhh - v.double();
        Self { x, y: r * (v - x) - self.y * hhh, z: self.z * h }
    }
}

/// `2^i * point` for i below `count`, in affine coordinates with one inversion.
pub fn doublings(point: Affine, count: usize) -> Vec<Affine> {
    let mut points: Vec<Jacobian> = Vec::with_capacity(count);
    let mut current = Jacobian::from(point);
    for _ in 0..count {
        points.push(current);
        current = current.double();
    }
    normalise(&points)
}

/// The affine forms of finite points, with one inversion; the point at infinity becomes (0, 0).
pub fn normalise(points: &[Jacobian]) -> Vec<Affine> {
    let mut inverses: Vec<Fe> = points.iter().map(|p| p.z).collect();
    batch_inverse(&mut inverses);
    let affine = |(p, inverse): (&Jacobian, Fe)| {
        let square = inverse.square();
        Affine { x: p.x * square, y: p.y * square * inverse }
    };
    points.iter().zip(inverses).map(affine).collect()
}

/// `scalar * GENERATOR` for a scalar below 2^252 in little-endian limbs.
pub fn multiply_generator(scalar: &[u64; 4]) -> Jacobian {
    let mut sum = Jacobian::INFINITY;
    for (i, point) in GENERATOR_DOUBLINGS.iter().enumerate() {
        if bit(scalar, i) {
            sum = sum.add_affine(point);
        }
    }
    sum
}

/// Bit `i` of a little-endian number.
pub(crate) fn bit(limbs: &[u64; 4], i: usize) -> bool {
    (limbs[i / 64] >> (i % 64)) & 1 == 1
}
