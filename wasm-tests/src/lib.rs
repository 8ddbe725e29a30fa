//! What the end-to-end suites stand on. Nothing here is part of the product.
