{"nodes": []}
